/**
 * The relying parties that transcripts show: settings, policy, the provider's documents. They are the same at every login
 * and more than half of what an attempt would weigh, so each is stored once a day, and the attempts of that day name it.
 *
 * Rule: they belong to the connection, as its attempts do, and outlive every attempt that names them.
 */
import type { Json, RelyingParty, Transcript } from '@relying-party/core'
import { BoundedMap } from './bounded-map.ts'
import type { Context } from './context.ts'
import { digestOf } from './digest.ts'

/** What one is found by: its digest, and the day on which it was stored. */
type Reference = string

/** When each document was fetched, in epoch seconds: all that differs from hour to hour. */
interface Times {
  readonly provider_metadata?: number
  readonly jwks?: number
}

interface Detached extends Times {
  readonly reference: Reference
}

/** A transcript as it is stored; earlier releases left the relying party in it. */
export interface StoredTranscript extends Omit<Transcript, 'relying_party'> {
  readonly relying_party: Detached | RelyingParty
}

const day = 86_400
/** Of the connections whose members sign in on one day. */
const maximumStored = 10_000

/** @param retention seconds for which an attempt is kept at most */
export function createRelyingParties({ store, now }: Pick<Context, 'store' | 'now'>, retention: number) {
  /** What this instance knows to be stored. */
  const stored = new BoundedMap<true>(maximumStored)

  const keyOf = (connection_id: string, reference: Reference) => `${connection_id}.relying_party/${reference}`

  return {
    /** The transcript with a reference, once its relying party is stored. */
    async detach(transcript: Transcript): Promise<StoredTranscript> {
      const { relying_party } = transcript
      const { timeless, digest, times } = factsOf(relying_party)
      const today = Math.floor(now() / day)
      const reference = `${digest}.${today}`
      const key = keyOf(relying_party.connection_id, reference)
      if (!stored.has(key)) {
        await store.putIfAbsent('attempts', key, timeless as unknown as Json, (today + 1) * day + retention)
        stored.set(key, true)
      }
      return { ...transcript, relying_party: { reference, ...times } }
    },
    /** Reads what these transcripts of a connection name; returns what puts it back, undefined where the store has lost it. */
    async attaching(
      connection_id: string,
      transcripts: readonly StoredTranscript[],
    ): Promise<(transcript: StoredTranscript) => Transcript | undefined> {
      const references = transcripts.flatMap(({ relying_party: one }) => ('reference' in one ? [one.reference] : []))
      const found = new Map<Reference, RelyingParty | undefined>()
      const read = async (reference: Reference) => {
        const record = await store.get('attempts', keyOf(connection_id, reference))
        found.set(reference, record?.value as unknown as RelyingParty | undefined)
      }
      await Promise.all([...new Set(references)].map(read))
      return (transcript) => {
        const { relying_party: one } = transcript
        if (!('reference' in one)) return { ...transcript, relying_party: one }
        const timeless = found.get(one.reference)
        return timeless && { ...transcript, relying_party: withTimes(timeless, (document) => one[document]!) }
      }
    },
  }
}

/** Every document that is known as if it had been fetched then. */
function withTimes(relying_party: RelyingParty, timeOf: (document: keyof Times) => number): RelyingParty {
  const { provider_metadata, jwks } = relying_party
  return {
    ...relying_party,
    ...(provider_metadata && {
      provider_metadata: { ...provider_metadata, fetched_at: timeOf('provider_metadata') },
    }),
    ...(jwks && { jwks: { ...jwks, fetched_at: timeOf('jwks') } }),
  }
}

interface Facts {
  /** As it is stored: with documents that were fetched at 0. */
  readonly timeless: RelyingParty
  readonly times: Times
  readonly digest: string
  /** Characters of JSON. */
  readonly length: number
}

/** Of relying parties that are the same objects at every login. */
const facts = new WeakMap<RelyingParty, Facts>()

/** How it is stored and how long that is, worked out once for the same object. */
export function factsOf(relying_party: RelyingParty): Facts {
  const known = facts.get(relying_party)
  if (known !== undefined) return known
  const { provider_metadata, jwks } = relying_party
  const timeless = withTimes(relying_party, () => 0)
  const text = JSON.stringify(timeless)
  const made: Facts = {
    timeless,
    times: {
      ...(provider_metadata && { provider_metadata: provider_metadata.fetched_at }),
      ...(jwks && { jwks: jwks.fetched_at }),
    },
    digest: digestOf(text),
    length: text.length,
  }
  facts.set(relying_party, made)
  return made
}
