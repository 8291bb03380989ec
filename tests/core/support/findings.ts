/** What a check finds in a login, in one line; and logins of which one thing is otherwise. */
import { describe, expect, test } from 'vitest'
import {
  drive,
  explain,
  idle,
  record,
  type CheckId,
  type Io,
  type PrivateJwk,
  type Transcript,
} from '@relying-party/core'
import { privateJwk, publicJwk, type TestJwk } from './keys.ts'
import type { Login } from './play.ts'
import {
  at,
  json,
  known,
  loginRequested,
  metadata,
  mint,
  provider,
  relyingParty,
  tokenBody,
  type Answers,
  type Minting,
  type Overrides,
} from './provider.ts'
import { recorded } from './recorded.ts'

/** A situation, a login in it, and what the check finds. */
export type Situations<T = Login> = Partial<
  Record<CheckId, readonly (readonly [situation: string, login: T, found: string])[]>
>

/** A test per situation. */
export function eachFinds<T = Login>(
  situations: Situations<T>,
  transcriptOf: (login: T) => Transcript | Promise<Transcript>,
): void {
  for (const [id, rows] of Object.entries<readonly (readonly [string, T, string])[]>(situations)) {
    describe(id, () => {
      test.each(rows)('%s', async (_situation, login, expected) => {
        expect(found(await transcriptOf(login), id as CheckId)).toBe(expected)
      })
    })
  }
}

/** A login from the redirect on. */
export const finished = async (login: Login): Promise<Transcript> => (await recorded(login)).transcript

/** What is told of a check, without its sentences: `failed code, near_miss (value); expected …; actual …`. */
export function found(transcript: Transcript, id: CheckId): string {
  const { outcome, reason, expected, actual, problem } = explain(transcript).checks.find((one) => one.id === id)!
  if (outcome === 'skipped') {
    expect([expected, actual, problem]).toEqual([null, null, null])
    return reason === null ? 'not reached' : 'does not apply'
  }
  expect(reason).toBeNull()
  const miss = problem?.near_miss == null ? '' : `, ${problem.near_miss}`
  const value = problem?.value == null ? '' : ` (${problem.value})`
  const why = problem === null ? '' : ` ${problem.code ?? 'as odd'}${miss}${value}`
  const compared = `${expected === null ? '' : `; expected ${expected}`}${actual === null ? '' : `; actual ${actual}`}`
  return `${outcome}${why}${compared}`
}

/** The part of a login before the browser is sent to the provider. */
export async function started({ rp: overrides, answers, requested }: Login): Promise<Transcript> {
  const rp = relyingParty(overrides)
  const respond = provider(answers)
  const recorder = record(rp, idle)
  const io: Io = {
    now: () => at,
    request: async (request) => {
      const event = respond(request, at)
      return 'response' in event ? { response: event.response } : { failure: (event as { reason: 'timed_out' }).reason }
    },
    observe: recorder.observe,
  }
  const { state } = await drive(rp, idle, loginRequested(requested), io)
  return recorder.transcript(state)
}

export const headers = { 'content-type': 'application/json' }
export const old = (seconds: number): Overrides => known(seconds)
export const documented = (changed: object): Login => ({
  answers: { provider_metadata: json({ ...metadata, ...changed }) },
})
export const discovered = (
  provider_metadata: NonNullable<Answers['provider_metadata']>,
  rp: Overrides = {},
): Login => ({
  rp,
  answers: { provider_metadata },
})
/** Of settings that are being tried. */
export const tested = (login: Login): Login => ({ ...login, requested: { purpose: 'test' } })
export const answered = (token: NonNullable<Answers['token']>, rest: Login = {}): Login => ({
  ...rest,
  answers: { ...rest.answers, token },
})
export const tokens = (changed: Parameters<typeof tokenBody>[0], rest?: Login) =>
  answered(json(tokenBody(changed)), rest)
export const minted = (minting: Minting, rest?: Login) => tokens({ id_token: mint(minting) }, rest)
export const said = (status: number, document: object) => answered(json(document, { status }))
export const refusing = (error: string, error_description?: string, rest: Login = {}): Login =>
  answered(json({ error, error_description }, { status: 400 }), rest)
export const asked = (client: object): Login => ({ rp: { client } })
export const announcing = (methods: unknown): Login => documented({ token_endpoint_auth_methods_supported: methods })
export const published = (keys: unknown, minting: Minting = {}): Login => ({
  answers: { jwks: json({ keys }), token: json(tokenBody({ id_token: mint(minting) })) },
})
export const denied = (error: string, error_description?: string): Login => ({
  response: { code: undefined, error, error_description },
})
export const twice = (name: string): Login => ({
  response: [
    [name, 'x'],
    [name, 'y'],
  ],
})
export const rsa = (members: TestJwk = {}) => publicJwk('rsa', members)
export const telling = (response: NonNullable<Answers['userinfo']>): Login => ({
  rp: { client: { userinfo: 'always' } },
  answers: { userinfo: response },
})
export const under = (policy: object, claims: Minting['claims'] = {}, client: object = {}): Login =>
  minted({ claims }, { rp: { policy, client } })
export const engineers = { role_mapping: { claim: 'groups', rules: [{ value: 'Engineering', role: 'admin' }] } }
export const dated = (seconds: number, claims: Record<string, unknown>): Login => {
  const date = new Date((at + seconds) * 1000).toUTCString()
  return answered(json(tokenBody({ id_token: mint({ claims }) }), { headers: { ...headers, date } }))
}
export const key = { ...privateJwk('p256'), alg: 'ES256' } as unknown as PrivateJwk
