/** Whole logins as transcripts: driven as a server drives them, recorded, and judged a second time. */
import {
  drive,
  idle,
  record,
  webCrypto,
  type AwaitingAuthorizationResponse,
  type Crypto,
  type FlowState,
  type Io,
  type RelyingParty,
  type Transcript,
} from '@relying-party/core'
import type { Login } from './play.ts'
import { at, authorizationResponse, loginRequested, provider, relyingParty } from './provider.ts'

export interface Recorded {
  readonly ended: FlowState
  readonly transcript: Transcript
  /** Of the part before it, until somebody was sent to the provider; the same where nobody was. */
  readonly begun: Transcript
}

/** Plays a login, valid save for what is asked for, and records the part that ended it. */
export async function recorded(asked: Login = {}, crypto: Crypto = webCrypto): Promise<Recorded> {
  const { rp: overrides, requested, response, received, answers, now = at, forgets } = asked
  const respond = provider(answers)
  let rp: RelyingParty = relyingParty(overrides)
  const ioAt = (time: number): Io => ({
    now: () => time,
    crypto,
    request: async (request) => {
      const event = respond(request, time)
      if (event.type === 'request_failed') return { failure: event.reason }
      if ('response' in event) return { response: event.response }
      throw new Error(`nobody answers with ${event.type}`)
    },
    remember: (what) => void (rp = { ...rp, ...what }),
  })
  const recorder = record(rp, idle, crypto)
  const io = ioAt(requested?.at ?? at)
  const { state: sent } = await drive(rp, idle, loginRequested(requested), { ...io, observe: recorder.observe })
  const begun = await recorder.transcript(sent)
  if (sent.phase !== 'awaiting_authorization_response') return { ended: sent, transcript: begun, begun }
  if (forgets === true) rp = relyingParty(overrides)
  const login = { now, ...(response && { response }), ...(received && { received }) }
  return { ...(await finish(rp, sent, login, ioAt(now), crypto)), begun }
}

async function finish(
  rp: RelyingParty,
  flow: AwaitingAuthorizationResponse,
  { response, received, now }: Pick<Login, 'response' | 'received' | 'now'>,
  io: Io,
  crypto: Crypto,
): Promise<Omit<Recorded, 'begun'>> {
  const recorder = record(rp, flow, crypto)
  const event = authorizationResponse(response, { at: now!, ...received })
  const { state: ended } = await drive(rp, flow, event, { ...io, observe: recorder.observe })
  return { ended, transcript: await recorder.transcript(ended) }
}
