/** Refreshes a session at a provider that is played, and tells what was sent and what came of it. */

import { expect } from 'vitest'
import { driveRefresh, type Claims, type Crypto, type HttpRequest, type Io } from '@relying-party/core'
import {
  at,
  claims,
  issuer,
  json,
  known,
  mint,
  provider,
  relyingParty,
  secrets,
  tokenBody,
  type Answers,
  type Minting,
  type Overrides,
} from './provider.ts'

export const session = {
  refresh_token: secrets.refresh_token,
  identity: { connection_id: 'connection-1', issuer, subject: 'user-1' },
  claims: { email: 'ada@acme.example', email_verified: true },
  nonce: claims.nonce,
  jti: 'assertion-1',
}
/** Renewed tokens usually carry no nonce: that one belonged to the login. */
export const renewed = ({ claims: changed, ...minting }: Minting = {}) =>
  mint({ claims: { nonce: undefined, ...changed }, ...minting })
export const answer = (minting: Minting = {}) => json(tokenBody({ id_token: renewed(minting) }))
export const withoutIdToken = (changed: object = {}) => json(tokenBody({ id_token: undefined, ...changed }))

export interface Asked {
  readonly rp?: Overrides
  readonly answers?: Answers
  /** As the session knows the person. */
  readonly before?: Claims
  readonly auth_time?: unknown
  readonly now?: number
  readonly crypto?: Crypto
}

export async function refresh({
  rp = known(),
  answers = { token: answer() },
  before = session.claims,
  auth_time,
  now = at,
  crypto,
}: Asked = {}) {
  const respond = provider(answers)
  const sent: HttpRequest[] = []
  const remembered: object[] = []
  let promoted = 0
  const io: Io = {
    now: () => now,
    request: (request) => {
      sent.push(request)
      const event = respond(request, now)
      return Promise.resolve(
        'response' in event ? { response: event.response } : { failure: (event as { reason: 'timed_out' }).reason },
      )
    },
    remember: (what) => void remembered.push(what),
    promoteStagedSecret: () => void promoted++,
    ...(crypto && { crypto }),
  }
  const known = { ...before, ...(auth_time !== undefined && { auth_time }) }
  const result = await driveRefresh(relyingParty(rp), { ...session, claims: known }, io)
  if ('failure' in result) {
    for (const secret of Object.values(secrets)) expect(JSON.stringify(result)).not.toContain(secret)
  }
  return { result, sent, messages: sent.map(({ message }) => message), remembered, promoted }
}
export const verdict = ({ result }: Awaited<ReturnType<typeof refresh>>) =>
  'failure' in result ? result.failure : 'refreshed'
export const refreshed = ({ result }: Awaited<ReturnType<typeof refresh>>) => {
  if ('failure' in result) throw new Error(result.failure.code)
  return result.refreshed
}
