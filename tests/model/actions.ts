/** What can happen, and how it changes the {@link World}. One action is one step of a trace. */
import type { Connection, Json } from '@relying-party/core'
import { hash } from 'node:crypto'
import { handle, type Answered, type Fault, type Handled } from './host.ts'
import { authorizationRequest } from './ledger.ts'
import { answerOf, authorize, logoutToken, type Answer } from './providers.ts'
import type { Alphabet } from './scenes.ts'
import {
  issuerOf,
  type Browser,
  type Call,
  type Organization,
  type Pending,
  type Provider,
  type RogueDocument,
  type TokenRequest,
  type World,
} from './world.ts'

export type Action =
  | { readonly do: 'start'; readonly browser: Browser; readonly organization: Organization }
  | { readonly do: 'test'; readonly browser: Browser; readonly organization: Organization }
  | {
      readonly do: 'callback'
      readonly browser: Browser
      readonly organization: Organization
      readonly code: string
      readonly state: string
      readonly iss: Provider | null
      readonly fault?: Fault
    }
  | { readonly do: 'answer'; readonly pending: string; readonly how: Answer; readonly fault?: Fault }
  | { readonly do: 'write'; readonly pending: string; readonly fault?: Fault }
  | { readonly do: 'crash'; readonly pending: string }
  | {
      readonly do: 'command'
      readonly organization: Organization
      readonly command: string
      readonly input: Json
      readonly fault?: Fault
    }
  | {
      readonly do: 'logout'
      readonly by: Provider
      readonly iss: Provider
      readonly organization: Organization
      readonly sub: Browser
      readonly fault?: Fault
    }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'rotate_keys' }
  | { readonly do: 'retire_secret' }
  | { readonly do: 'publish'; readonly document: RogueDocument }
  | {
      readonly do: 'whoami'
      readonly browser: Browser
      readonly organization: Organization
      readonly cookies: Readonly<Record<string, string>>
      readonly fault?: Fault
    }

/** What one action did. */
export interface Happened {
  readonly action: Action
  readonly before: World
  readonly after: World
  /** Of the actions that the server takes part in. */
  readonly handled: Handled | null
  readonly call: Call | null
  /** What a token endpoint answered, and to what. */
  readonly answer: {
    readonly to: TokenRequest
    readonly refuses_client: boolean
    readonly id_token: string | null
  } | null
}

export const connectionOf = (world: World, organization: string): Connection | null =>
  (world.records.connections[organization]?.value as unknown as Connection | undefined) ?? null

export async function perform(before: World, action: Action, alphabet: Alphabet): Promise<Happened> {
  const base = { action, before, handled: null, call: null, answer: null }
  const served = async (call: Call, seed: string) => {
    const fault = 'fault' in action ? action.fault : undefined
    const handled = await handle(before, { call, seed, fault, waitsToWrite: alphabet.waitsToWrite })
    return { ...base, call, handled, after: settled(handled, before, call, fault) }
  }
  switch (action.do) {
    case 'start': {
      const { browser, organization } = action
      const call = visit(before, browser, organization, 'login')
      return signedIn(await served(call, `start ${before.era} ${labelOf(before, browser, organization)}`))
    }
    case 'test': {
      const { browser, organization } = action
      const input = { command: 'begin_test', organization, input: null }
      const begun = await handle(before, {
        call: input,
        seed: `begin ${organization} ${writesOf(before, organization)}`,
      })
      const ticket = begun.answered?.location?.split('?')[1]
      if (ticket === undefined) return { ...base, call: input, handled: begun, after: begun.world }
      const call = visit(begun.world, browser, organization, 'test', ticket)
      const handled = await handle(begun.world, {
        call,
        seed: `test ${before.era} ${labelOf(before, browser, organization)}`,
      })
      return signedIn({ ...base, call, handled, after: settled(handled, before, call, undefined) })
    }
    case 'callback': {
      const { browser, organization, code, state, iss } = action
      const query = new URLSearchParams({ code, state, ...(iss !== null && { iss: issuerOf(iss) }) }).toString()
      // Which of the callbacks of this flow it is: as many as have asked for a token before.
      const earlier = before.ledger.sent.filter((one) => one.state === state).length
      const call = visit(before, browser, organization, 'consume', query)
      return served(call, `callback ${browser} ${organization} ${code} ${short(state)} ${earlier}`)
    }
    case 'answer': {
      const pending = before.pending.find(({ id }) => id === action.pending)!
      const { token } = pending.waits_for as { readonly token: TokenRequest }
      const { world, response } = answerOf(before, token, action.how)
      const { id_token = null } = JSON.parse(response.body) as { id_token?: string }
      const answer = { to: token, refuses_client: response.status === 401, id_token }
      const log = [...pending.log, { at: before.now, result: { response } }]
      return { ...(await resumed({ ...base, before: world, answer }, pending, { log })), before }
    }
    case 'write': {
      const pending = before.pending.find(({ id }) => id === action.pending)!
      return resumed(base, pending, { mayWrite: true })
    }
    case 'crash':
      return { ...base, after: { ...before, pending: before.pending.filter(({ id }) => id !== action.pending) } }
    case 'command': {
      const { organization, command, input } = action
      const name = hash('sha256', JSON.stringify(input)).slice(0, 6)
      return served(
        { organization, command, input },
        `${organization} ${command} ${name} ${writesOf(before, organization)}`,
      )
    }
    case 'logout': {
      const { by, iss, organization, sub } = action
      const client_id = connectionOf(before, organization)?.live?.settings.client_id ?? ''
      const form = new URLSearchParams({ logout_token: logoutToken(before, by, iss, client_id, sub) }).toString()
      const route = '/organizations/:id/oidc/backchannel-logout'
      const call = { method: 'POST', route, organization, form, browser: null, cookies: {} } as const
      return served(call, `logout ${before.now}`)
    }
    case 'whoami': {
      const { browser, organization, cookies } = action
      return served({ method: 'GET', route: '/organizations/:id/session', organization, browser, cookies }, 'whoami')
    }
    case 'wait':
      return { ...base, after: { ...before, now: before.now + action.seconds } }
    case 'rotate_keys':
      return { ...base, after: { ...before, honest: { ...before.honest, generation: before.honest.generation + 1 } } }
    case 'retire_secret':
      return { ...base, after: { ...before, honest: { ...before.honest, retired: true } } }
    case 'publish':
      return { ...base, after: { ...before, rogue: { document: action.document } } }
  }

  async function resumed(
    happened: Omit<Happened, 'after'>,
    pending: Pending,
    how: { readonly log: Pending['log'] } | { readonly mayWrite: true },
  ): Promise<Happened> {
    const { call, seed, log, learnt } = pending
    const fault = 'fault' in action ? action.fault : undefined
    const world = { ...happened.before, pending: before.pending.filter(({ id }) => id !== pending.id) }
    const handled = await handle(world, { call, seed, log, learnt, fault, waitsToWrite: alphabet.waitsToWrite, ...how })
    return { ...happened, call, handled, after: settled(handled, world, call, fault) }
  }
}

/** The world after a request: the browser has its cookies, a handling that waits is kept, a fault is counted. */
function settled({ world, answered, waiting }: Handled, before: World, call: Call, fault: Fault | undefined): World {
  const isTwin = world.pending.some(({ id }) => id === waiting?.id)
  const kept = waiting === null ? [] : [isTwin ? { ...waiting, id: `${waiting.id}'` } : waiting]
  const pending = [...world.pending, ...kept].sort((a, b) => (a.id < b.id ? -1 : 1))
  const faults = fault === undefined ? before.faults : before.faults + 1
  const browser = 'browser' in call ? call.browser : null
  if (answered === null || browser === null) return { ...world, pending, faults }
  return {
    ...world,
    pending,
    faults,
    cookies: { ...world.cookies, [browser]: withCookies(world.cookies[browser], answered) },
  }
}

function withCookies(held: Readonly<Record<string, string>>, { cookies }: Answered): Readonly<Record<string, string>> {
  const jar = { ...held }
  for (const cookie of cookies) {
    const [, name, value, rest] = /^([^=]+)=([^;]*);(.*)$/.exec(cookie)!
    if (rest!.includes('Max-Age=0;')) delete jar[name!]
    else jar[name!] = value!
  }
  return jar
}

const writesOf = (world: World, organization: string) => world.writes[`connections ${organization}`] ?? 0
const short = (state: string) => state.slice(0, 6)

/** Whoever is sent to a provider signs in there at once: codes come into being. */
function signedIn(happened: Happened): Happened {
  const { before, after, handled, call } = happened
  const url = authorizationRequest(handled?.answered?.location)
  if (url === null || call === null || !('browser' in call)) return happened
  const browser = call.browser!
  const codes = { ...after.codes, ...authorize(url, browser, labelOf(before, browser, call.organization)) }
  return { ...happened, after: { ...after, codes } }
}

/** Names a flow by who starts it and how many they have started: the order of independent starts leaves no trace. */
export function labelOf(world: World, browser: Browser, organization: Organization): string {
  const started = Object.values(world.ledger.flows).filter(
    (flow) => flow.browser === browser && flow.organization_id === organization,
  )
  return `${browser}.${organization}.${started.length + 1}`
}

function visit(world: World, browser: Browser, organization: Organization, page: string, query = ''): Call {
  const route = `/organizations/:id/oidc/${page}`
  return { method: 'GET', route, organization, query, browser, cookies: world.cookies[browser] }
}
