/**
 * Connections in storage: read whole, moved by the core's `transition`, written with compare-and-set, so that of two
 * administrators or instances none overwrites what the other has done.
 */
import {
  base64url,
  emptyConnection,
  open,
  relyingPartyOf,
  seal,
  statusOfConnection,
  transition,
  type Command,
  type Connection,
  type Failure,
  type Json,
  type LiveRevision,
  type PrivateJwk,
  type RelyingParty,
  type Revision,
  type SealedSecret,
} from '@relying-party/core'
import { generateKeyPairSync } from 'node:crypto'
import { deletionOf, eventsOf, type Audit, type AuditEvent } from './audit.ts'
import { BoundedMap } from './bounded-map.ts'
import { addressesOf, isOrganizationId, type Context, type VersionedConnection } from './context.ts'
import type { KnowledgeBase } from './knowledge.ts'

export type Applied =
  | VersionedConnection
  | { readonly failure: Failure }
  /** Somebody else wrote in between, and the caller had named the version that it saw. */
  | { readonly conflict: true }

/** What the caller saw before: one of these versions, whichever there is, none yet (null). Left out: it matters nothing. */
export type IfVersion = readonly string[] | '*' | null | undefined

/** What is to be done to the connection that was read: a command, several as one, or nothing and why. */
export type Decided = Command | readonly Command[] | { readonly refused: Failure }

export type Connections = ReturnType<typeof createConnections>

const maximumTries = 8
const maximumParsed = 5000

export function createConnections(context: Context, knowledge: KnowledgeBase, { recorded }: Pick<Audit, 'recorded'>) {
  const { store, ring, random, crypto } = context
  const openedSecrets = new WeakMap<SealedSecret, string>()
  /** By the connection as it was read: one that was changed is another object. */
  const relyingParties = new WeakMap<Connection, Map<object, RelyingParty>>()
  const parsed = new BoundedMap<VersionedConnection>(maximumParsed)

  /** The organization's connection, or undefined: proven absent, as it is of what cannot be the id of one. */
  async function load(organization_id: string): Promise<VersionedConnection | undefined> {
    if (!isOrganizationId(organization_id)) return undefined
    const stored = await store.get('connections', organization_id)
    if (stored === undefined) return undefined
    // The same version is the same record: what was opened and imported for it stays usable.
    const before = parsed.get(organization_id)
    if (before?.version === stored.version) return before
    const read = { connection: stored.value as unknown as Connection, version: stored.version }
    if (read.connection.organization_id !== organization_id) throw new RecordMoved(organization_id)
    parsed.set(organization_id, read)
    return read
  }

  /**
   * Carries out a command, or several as one. When somebody else wrote in between, it is tried again on what is there
   * now, if that is what `if_version` allows, and what was read of the old state is read anew. `create` makes the
   * organization when it does not exist.
   */
  async function apply(
    organization_id: string,
    command: (connection: Connection) => Decided | Promise<Decided>,
    { if_version, create = false }: { if_version?: IfVersion; create?: boolean } = {},
  ): Promise<Applied> {
    for (let tries = 0; tries < maximumTries; tries++) {
      const found = await load(organization_id)
      if (found === undefined && !create) return { failure: { code: 'organization_not_found' } }
      if (!isAllowed(if_version, found?.version ?? null)) return { conflict: true }
      const connection = found?.connection ?? emptyConnection(organization_id, base64url(random(16)))
      let moved: Connection = connection
      const decided = await command(connection)
      if ('refused' in decided) return { failure: decided.refused }
      const events: AuditEvent[] = []
      for (const one of 'type' in decided ? [decided] : decided) {
        const next = await transition(moved, one, crypto)
        if ('failure' in next) return next
        events.push(...eventsOf(moved, next.connection, one))
        moved = next.connection
      }
      moved = await sealAgain(moved)
      if (found !== undefined && moved === connection) return found
      const record = moved as unknown as Json
      const version = await recorded(events, () =>
        store.compareAndSet('connections', organization_id, found?.version ?? null, record, null),
      )
      if (version !== undefined) return { connection: moved, version }
    }
    return { conflict: true }
  }

  const secretContext = ({ organization_id, connection_id }: Connection, secret_id: string) =>
    `client_secret|${organization_id}|${connection_id}|${secret_id}`

  /** Seals an entered secret for this connection alone; the one that is stored, where it is the same. */
  async function sealSecret(
    connection: Connection,
    stored: SealedSecret | null,
    secret: string,
  ): Promise<SealedSecret> {
    // One that cannot be opened any more is replaced.
    const isSame = stored !== null && (await openSecret(connection, stored).catch(() => undefined)) === secret
    return isSame ? stored : sealAs(connection, base64url(random(12)), secret)
  }

  async function sealAs(connection: Connection, secret_id: string, secret: string): Promise<SealedSecret> {
    return { secret_id, sealed: await seal(ring, secretContext(connection, secret_id), secret, random(12), crypto) }
  }

  /**
   * The connection with every secret under the first key: whatever is written leaves nothing behind that needs another one.
   * The same object when there is nothing to do. A secret keeps its id, and so the revision its test; one that cannot be
   * opened stays as it is.
   */
  async function sealAgain(connection: Connection): Promise<Connection> {
    const again = async (secret: SealedSecret): Promise<SealedSecret> => {
      if (secret.sealed.split('.')[1] === ring[0].id) return secret
      const opened = await openSecret(connection, secret).catch(() => undefined)
      return opened === undefined ? secret : { ...secret, ...(await sealAs(connection, secret.secret_id, opened)) }
    }
    const changed: Record<string, object> = {}
    for (const place of ['candidate', 'live', 'previous'] as const) {
      const revision: Partial<Pick<LiveRevision, 'client_secret' | 'staged_client_secret'>> | null = connection[place]
      for (const name of ['client_secret', 'staged_client_secret'] as const) {
        const secret = revision?.[name] ?? null
        const sealed = secret === null ? null : await again(secret)
        if (sealed !== secret) changed[place] = { ...(changed[place] ?? revision), [name]: sealed }
      }
    }
    return Object.keys(changed).length === 0 ? connection : ({ ...connection, ...changed } as Connection)
  }

  /** A private key of this connection's own, for `private_key_jwt`: nobody else's provider ever sees it used. */
  async function sealNewKey(connection: Connection): Promise<SealedSecret> {
    const secret_id = base64url(random(12))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = {
      ...privateKey.export({ format: 'jwk' }),
      kid: secret_id,
      alg: 'ES256',
      use: 'sig',
    } as unknown as PrivateJwk
    const { d: _, ...public_jwk } = jwk
    return { ...(await sealAs(connection, secret_id, JSON.stringify(jwk))), public_jwk }
  }

  async function openSecret(connection: Connection, secret: SealedSecret): Promise<string> {
    const known = openedSecrets.get(secret)
    if (known !== undefined) return known
    const opened = await open<string>(ring, secretContext(connection, secret.secret_id), secret.sealed, crypto)
    if ('refused' in opened) throw new SecretUnreadable(connection.organization_id, opened.refused)
    openedSecrets.set(secret, opened.value)
    return opened.value
  }

  /** What a flow of this revision works with, the provider's documents included as far as they are known. */
  async function relyingParty(connection: Connection, revision: Revision | LiveRevision): Promise<RelyingParty> {
    const made = relyingParties.get(connection)?.get(revision)
    if (made !== undefined) return knowledge.recall(made)
    const { redirect_uri } = addressesOf(context, connection.organization_id)
    const client = { redirect_uri, ...(await clientSecrets(connection, revision)) }
    const rp = relyingPartyOf(connection, revision, client, context.tolerances)
    relyingParties.set(
      connection,
      (relyingParties.get(connection) ?? new Map<object, RelyingParty>()).set(revision, rp),
    )
    return knowledge.recall(rp)
  }

  /** What it authenticates with: a key of ours, or the secrets that were entered. */
  async function clientSecrets(connection: Connection, revision: Revision | LiveRevision) {
    const secret = async (sealed: SealedSecret | null | undefined) =>
      sealed ? openSecret(connection, sealed) : undefined
    const client_secret = await secret(revision.client_secret)
    if (revision.settings.token_endpoint_auth_method === 'private_key_jwt' && client_secret !== undefined)
      return { client_key: JSON.parse(client_secret) as PrivateJwk }
    const staged_client_secret = await secret('staged_client_secret' in revision ? revision.staged_client_secret : null)
    return {
      ...(client_secret !== undefined && { client_secret }),
      ...(staged_client_secret !== undefined && { staged_client_secret }),
    }
  }

  return {
    load,
    apply,
    sealSecret,
    sealNewKey,
    relyingParty,
    /** Organizations in the order of their ids, after the given one; `more_after` is the last of them when there are more. */
    async list(limit: number, after?: string) {
      const rows = await store.list('connections', { limit: limit + 1, ...(after !== undefined && { after }) })
      const organizations = rows.slice(0, limit).map(({ value }) => {
        const connection = value as unknown as Connection
        return { organization_id: connection.organization_id, status: statusOfConnection(connection) }
      })
      return { organizations, more_after: rows.length > limit ? organizations.at(-1)!.organization_id : null }
    },
    /** Forgets the organization's SSO: true when there was one that `if_version` allows. */
    async remove(organization_id: string, by: string, if_version?: IfVersion): Promise<boolean> {
      const found = await load(organization_id)
      if (found === undefined || !isAllowed(if_version, found.version)) return false
      parsed.delete(organization_id)
      const seen = if_version === undefined || if_version === '*' ? undefined : found.version
      const removed = await recorded([deletionOf(found.connection, { at: context.now(), by })], async () =>
        (await store.delete('connections', organization_id, seen)) ? found.version : undefined,
      )
      return removed !== undefined
    },
  }
}

/** A record lies where that of another organization belongs: its secrets would open, and its provider speak for these members. */
class RecordMoved extends Error {
  constructor(organization_id: string) {
    super(`what is stored for ${organization_id} is the record of another organization: was it copied?`)
    this.name = 'RecordMoved'
  }
}

function isAllowed(if_version: IfVersion, version: string | null): boolean {
  if (if_version === undefined) return true
  if (if_version === null || version === null) return if_version === version
  return if_version === '*' || if_version.includes(version)
}

/** A stored secret cannot be opened: the key it was sealed with is missing, or the record was tampered with. */
class SecretUnreadable extends Error {
  constructor(organization_id: string, refused: string) {
    super(`the client secret of ${organization_id} cannot be opened (${refused}): is its key still in SECRET_KEYS?`)
    this.name = 'SecretUnreadable'
  }
}
