/** The commands of a connection, as an administrator gives them, and the states that they lead to. */
import { expect } from 'vitest'
import {
  connectionTransitions,
  defaultPolicy,
  emptyConnection,
  transition,
  type Command,
  type Connection,
  type ConnectionPhase,
  type Failure,
  type SealedSecret,
  type Settings,
} from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { viaJson } from './play.ts'

export const at = 1_900_000_000
export const by = 'admin@acme.example'
export const settings: Settings = {
  issuer: 'https://idp.example',
  client_id: 'client-1',
  scope: 'openid profile email',
  response_mode: 'query',
  userinfo: 'when_needed',
}
export const secret = (secret_id: string): SealedSecret => ({ secret_id, sealed: `v1.key.${secret_id}` })
export const failure: Failure = { code: 'token_invalid_client' }
export const claims = { sub: 'ada', email: 'ada@acme.example', email_verified: true }

export type Move = Command | ((connection: Connection) => Command)

export const save = (changed: Partial<Settings> = {}, client_secret?: SealedSecret): Command => ({
  type: 'save',
  settings: { ...settings, ...changed },
  ...(client_secret && { client_secret }),
  at,
  by,
})
export const candidate = (connection: Connection) => connection.candidate!.fingerprint
export const live = (connection: Connection) => connection.live!.fingerprint
export const previous = (connection: Connection) => connection.previous!.fingerprint
export const pass =
  (which = candidate): Move =>
  (connection) => ({ type: 'pass_test', fingerprint: which(connection), attempt_id: 'attempt', claims, at, by })
export const failed =
  (which = candidate): Move =>
  (connection) => ({ type: 'fail_test', fingerprint: which(connection), attempt_id: 'attempt', failure, at, by })
export const enable =
  (which = candidate): Move =>
  (connection) => ({ type: 'enable', fingerprint: which(connection), at, by })
export const begin: Command = { type: 'begin_test', at, by }
export const disable: Command = { type: 'disable', at, by }
export const discard: Command = { type: 'discard', at, by }
export const setPolicy: Command = { type: 'set_policy', policy: { ...defaultPolicy, session_lifetime: 3600 }, at, by }
export const stage: Command = { type: 'stage_secret', client_secret: secret('staged'), at, by }
export const promote: Move = ({ live }) => ({
  type: 'promote_staged_secret',
  revision: live?.revision ?? 0,
  secret_id: 'staged',
  attempt_id: 'login',
  at,
  by: 'a login',
})

export async function tell(connection: Connection, move: Move): Promise<Connection | Failure['code']> {
  const command = viaJson(typeof move === 'function' ? move(connection) : move)
  const { type } = command
  const result = await transition(viaJson(connection), command, nodeCrypto)
  if ('failure' in result) return result.failure.code
  const rows: Partial<Record<string, { to: readonly string[] }>> = connectionTransitions[connection.phase]
  expect(rows[type]?.to).toContain(result.connection.phase)
  return viaJson(result.connection)
}

export async function after(...moves: readonly Move[]): Promise<Connection> {
  let connection: Connection = emptyConnection('acme', 'connection-1')
  for (const move of moves) {
    const next = await tell(connection, move)
    if (typeof next === 'string') throw new Error(`${move.toString()} was refused: ${next}`)
    connection = next
  }
  return connection
}

export const draft = [save({}, secret('s1'))]
export const tested = [...draft, begin, pass()]
export const enabled = [...tested, enable()]
export const besideDraft = [...enabled, save({ client_id: 'client-2' })]
export const besideTested = [...besideDraft, begin, pass()]
export const enabledTwice = [...besideTested, enable()]
export const emptyAgain = [...besideDraft, disable, discard]
export const states: Record<ConnectionPhase, readonly Move[]> = {
  empty: [],
  draft,
  tested,
  enabled,
  enabled_beside_draft: besideDraft,
  enabled_beside_tested: besideTested,
}
