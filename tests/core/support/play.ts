/**
 * Plays a login event by event. Whatever is played, these hold after every step:
 * the state and the effects survive a JSON round trip, the phase is one that the table names, at most one request is
 * outstanding, and a failure tells no secret.
 */
import { expect, test } from 'vitest'
import {
  idle,
  step,
  transitions,
  webCrypto,
  type AuthorizationResponseReceived,
  type Crypto,
  type Failure,
  type FlowEffect,
  type FlowEvent,
  type FlowState,
  type HttpRequest,
  type LoginRequested,
  type RelyingParty,
} from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import {
  at,
  authorizationResponse,
  loginRequested,
  provider,
  relyingParty,
  secrets,
  type Answers,
  type Overrides,
} from './provider.ts'

/** Both implementations that the core comes with: what holds for one holds for the other. */
export const cryptos: readonly (readonly [string, Crypto])[] = [
  ['webCrypto', webCrypto],
  ['nodeCrypto', nodeCrypto],
]

export interface Played {
  /** With what it was told to remember. */
  readonly rp: RelyingParty
  readonly state: FlowState
  /** Of all steps so far. */
  readonly effects: readonly FlowEffect[]
  readonly phases: readonly FlowState['phase'][]
  /** The request that the last step asked for. */
  readonly outstanding: HttpRequest | null
}

export function start(rp: RelyingParty, state: FlowState = idle): Played {
  return { rp, state, effects: [], phases: [], outstanding: null }
}

export function viaJson<T>(value: T): T {
  const again = JSON.parse(JSON.stringify(value)) as T
  expect(again).toStrictEqual(value)
  return again
}

const kinds = ['redirect', 'request', 'remember', 'promote_staged_secret']

/** One step, checked. */
export async function advance(played: Played, event: FlowEvent, crypto: Crypto = webCrypto): Promise<Played> {
  const { rp, state } = played
  const stepped = await step(rp, viaJson(state), viaJson(event), crypto)
  const next = viaJson(stepped.state)
  const effects = viaJson(stepped.effects)

  const rows: Partial<Record<string, { to: readonly string[] }>> = transitions[state.phase]
  expect(rows[event.type]?.to).toContain(next.phase)
  for (const { type } of effects) expect(kinds).toContain(type)
  const requested = requestsAmong(effects)
  expect(requested.length).toBeLessThan(2)
  if (next.phase === 'failed') expectNoSecret(next)

  const learnt: Partial<RelyingParty> = {}
  for (const { type, ...what } of effects) if (type === 'remember') Object.assign(learnt, what)
  return {
    rp: { ...rp, ...learnt },
    state: next,
    effects: [...played.effects, ...effects],
    phases: [...played.phases, next.phase],
    outstanding: requested[0] ?? null,
  }
}

/** Plays these very events, one after the other. */
export async function play(
  rp: RelyingParty,
  events: readonly FlowEvent[],
  crypto: Crypto = webCrypto,
): Promise<Played> {
  let played = start(rp)
  for (const event of events) played = await advance(played, event, crypto)
  return played
}

/** Lets the provider answer until the login needs a person again. */
export async function settle(
  played: Played,
  answers: Answers = {},
  crypto: Crypto = webCrypto,
  now = at,
): Promise<Played> {
  const respond = provider(answers)
  let next = played
  for (let left = 5; next.outstanding !== null; left--) {
    expect(left, 'no login asks that often').toBeGreaterThan(0)
    next = await advance(next, respond(next.outstanding, now), crypto)
  }
  return next
}

export interface Login {
  readonly rp?: Overrides
  readonly requested?: Partial<LoginRequested>
  readonly response?: Parameters<typeof authorizationResponse>[0]
  readonly received?: Partial<AuthorizationResponseReceived>
  readonly answers?: Answers
  /** When everything after the redirect happens. */
  readonly now?: number
  /** Whoever receives the response knows nothing of what was learnt at the start: another instance, or a restarted one. */
  readonly forgets?: boolean
}

/** A whole login, valid save for what is asked for. */
export async function login(asked: Login = {}, crypto: Crypto = webCrypto): Promise<Played> {
  const { rp, requested, response, received, answers, now = at } = asked
  const started = await advance(start(relyingParty(rp)), loginRequested(requested), crypto)
  const redirected = await settle(started, answers, crypto)
  if (redirected.state.phase === 'failed') return redirected
  const returned = await advance(redirected, authorizationResponse(response, { at: now, ...received }), crypto)
  return settle(returned, answers, crypto, now)
}

/** The verdict of a login: `authenticated`, or the code and the facts of the failure. */
export function verdict({ state }: Played): 'authenticated' | Failure {
  if (state.phase === 'authenticated') return 'authenticated'
  if (state.phase === 'failed') return state.failure
  throw new Error(`the login still is ${state.phase}`)
}

export function requests({ effects }: Played): HttpRequest[] {
  return requestsAmong(effects)
}

/** What the provider was asked for, in order. */
export function messages(played: Played): HttpRequest['message'][] {
  return requests(played).map(({ message }) => message)
}

export function redirects({ effects }: Played): URL[] {
  return effects.flatMap((effect) => (effect.type === 'redirect' ? [new URL(effect.url)] : []))
}

function requestsAmong(effects: readonly FlowEffect[]): HttpRequest[] {
  return effects.flatMap((effect) => (effect.type === 'request' ? [effect.request] : []))
}

function expectNoSecret(value: unknown): void {
  const text = JSON.stringify(value)
  for (const secret of Object.values(secrets)) expect(text).not.toContain(secret)
}

/** A test per row, named by its first member. */
export function each<Row extends readonly [string, ...unknown[]]>(
  rows: readonly Row[],
  check: (...row: Row) => void | Promise<void>,
): void {
  for (const row of rows) test(row[0], () => check(...row))
}

/** Compares a verdict with a row's code and, where it is given, the whole detail. */
export function expectVerdict(played: Played, code: string, detail?: object): void {
  if (code === 'authenticated') expect(verdict(played)).toBe(code)
  else if (detail === undefined) expect(verdict(played)).toHaveProperty('code', code)
  else expect(verdict(played)).toStrictEqual({ code, detail })
}
