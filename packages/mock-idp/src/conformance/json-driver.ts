/**
 * A driver from a JSON document: addresses as templates, and where in the answers of the relying party its verdict stands.
 * `{issuer}`, `{client_id}` and the like are filled in, percent-encoded in addresses and as they are in bodies.
 */
import { abilities as everyAbility, reasons as everyReason } from './driver.ts'
import type { Driver, NoAnswer, Outcome, Party, Reason, Refused, SetUp, Step } from './driver.ts'
import type { UserAgent, Visit } from './user-agent.ts'

/** The document. */
export interface JsonDriver extends Pick<Driver, 'abilities' | 'promises' | 'provider' | 'client'> {
  name: string
  addresses: Record<'redirect_uri', string> &
    Partial<Record<'post_logout_redirect_uri' | 'backchannel_logout_uri' | 'initiate_login_uri' | 'jwks_uri', string>>
  /** The request that tells the relying party about a provider; without it the address of the login does. */
  set_up?: Request
  login: Request
  logout?: Request
  refresh?: Request
  result: ResultReader
  /** What the codes of the relying party mean. */
  reasons?: Record<string, Reason | Reason[]>
}

/** A request; a body is sent as JSON. */
interface Request {
  url: string
  method?: 'GET' | 'POST' | 'PUT'
  headers?: Record<string, string>
  body?: unknown
}

/** Where the answer of the relying party stands. */
interface ResultReader {
  /** Asked with the cookies of the browser; without it the page is read on which the browser ended. */
  url?: string
  /** JSON pointers into an answer with this status (200). */
  authenticated: { status?: number; sub: string; claims?: string }
  /** The status that says that nobody is signed in. */
  nobody?: { status: number }
  /** The code of a refusal: a JSON pointer, or a regular expression whose first group it is. */
  refused: { code?: string; pattern?: string }
}

/** Makes a driver of a document; one that cannot be right throws, and says what is missing or misspelt. */
export function createJsonDriver(document: JsonDriver): Driver {
  const { name, abilities, promises, provider, client } = document
  const missing = [
    ['name', name],
    ['addresses.redirect_uri', document.addresses?.redirect_uri],
    ['login.url', document.login?.url],
    ['result.authenticated.sub', document.result?.authenticated?.sub],
    ['result.refused', document.result?.refused],
  ].filter(([, value]) => value === undefined)
  if (missing.length > 0) throw new TypeError(`the driver lacks ${missing.map(([member]) => member).join(', ')}`)
  const meant = Object.values(document.reasons ?? {}).flat()
  refuseUnknown('member', Object.keys(document), members)
  refuseUnknown('ability', Object.keys(abilities ?? {}), everyAbility)
  refuseUnknown('reason', meant, everyReason)
  return {
    name,
    ...(abilities !== undefined && { abilities }),
    ...(promises !== undefined && { promises }),
    ...(provider !== undefined && { provider }),
    ...(client !== undefined && { client }),
    addresses: (assignment) => {
      const entries = Object.entries(document.addresses).map(([member, template]) => [
        member,
        inUrl(template, { ...assignment }),
      ])
      return Object.fromEntries(entries) as ReturnType<Driver['addresses']>
    },
    setUp: (told) => setUp(document, told),
  }
}

async function setUp(document: JsonDriver, told: SetUp): Promise<Party | Refused> {
  const values = { ...told, ...told.client, client: undefined, signal: undefined } as Record<string, unknown>
  if (document.set_up !== undefined) {
    const { url, method = 'POST', headers, body } = document.set_up
    const address = inUrl(url, values)
    const response = await fetch(address, {
      method,
      signal: told.signal,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(inBody(body, values)) }),
    }).catch((cause: unknown) => {
      throw new Error(`nothing answers at ${address}`, { cause })
    })
    const text = await response.text()
    const refused = refusalIn(document, response.status, text)
    if (refused !== undefined) return refused
    if (!response.ok) throw new Error(`${address} answered ${response.status}`)
  }
  const step = (request: Request, more: Record<string, unknown> = {}): Step => ({
    url: inUrl(request.url, { ...values, ...more }),
    ...(request.method !== undefined && { method: request.method === 'GET' ? 'GET' : 'POST' }),
    ...(request.headers !== undefined && { headers: request.headers }),
  })
  const { logout, refresh } = document
  return {
    login: (parameters = {}) => step(document.login, parameters),
    ...(logout !== undefined && { logout: () => step({ method: 'POST', ...logout }) }),
    ...(refresh !== undefined && { refresh: () => step({ method: 'POST', ...refresh }) }),
    outcome: (agent, visit) => read(document, values, agent, visit, told.signal),
  }
}

/** The verdict: a refusal on the page where the browser ended, or what the address of results says. */
async function read(
  document: JsonDriver,
  values: Record<string, unknown>,
  agent: UserAgent,
  visit: Visit | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const { result } = document
  const refused = visit === undefined ? undefined : refusalIn(document, visit.status, visit.body)
  if (refused !== undefined) return refused
  if (visit !== undefined && visit.status >= 500) return unreadable(visit)
  if (result.url === undefined) return visit === undefined ? { answer: 'nobody' } : outcomeIn(document, visit)
  return outcomeIn(
    document,
    await agent.visit(inUrl(result.url, values), { headers: { accept: 'application/json' }, signal }),
  )
}

function outcomeIn(document: JsonDriver, visit: Visit): Outcome {
  const { authenticated, nobody } = document.result
  const sub = visit.status === (authenticated.status ?? 200) ? at(visit.body, authenticated.sub) : undefined
  if (typeof sub === 'string') {
    const claims = authenticated.claims === undefined ? undefined : at(visit.body, authenticated.claims)
    return {
      answer: 'authenticated',
      sub,
      ...(typeof claims === 'object' && { claims: claims as Record<string, unknown> }),
    }
  }
  return (
    refusalIn(document, visit.status, visit.body) ??
    (visit.status === (nobody?.status ?? 401) ? { answer: 'nobody' } : unreadable(visit))
  )
}

function refusalIn(
  { result: { refused }, reasons = {} }: JsonDriver,
  status: number,
  body: string,
): Refused | undefined {
  const pointed = refused.code === undefined ? undefined : at(body, refused.code)
  const code = typeof pointed === 'string' ? pointed : refused.pattern && new RegExp(refused.pattern).exec(body)?.[1]
  if (code === undefined || code === '') return undefined
  const isMapped = Object.keys(reasons).length > 0
  return { answer: 'refused', code, status, ...(isMapped && { reason: reasons[code] ?? 'other' }) }
}

function unreadable({ url, status }: Visit): NoAnswer {
  return { answer: 'none', because: `${url.pathname} answered ${status}, with neither a subject nor a code.` }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6901 | RFC 6901}, JSON Pointer */
function at(text: string, pointer: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

function inUrl(template: string, values: Record<string, unknown>): string {
  return template.replace(placeholder, (_, name: string) => encodeURIComponent(String(values[name] ?? '')))
}

/** A body with its placeholders filled in; a text that is nothing but a placeholder takes the value as it is. */
function inBody(body: unknown, values: Record<string, unknown>): unknown {
  if (typeof body === 'string') {
    const [whole, name] = /^\{([a-z_]+)\}$/.exec(body) ?? []
    return whole === undefined
      ? body.replace(placeholder, (_, each: string) => String(values[each] ?? ''))
      : values[name!]
  }
  if (Array.isArray(body)) return body.map((each) => inBody(each, values))
  if (typeof body !== 'object' || body === null) return body
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, inBody(value, values)]))
}

function refuseUnknown(kind: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((each) => !known.includes(each))
  if (unknown.length > 0)
    throw new TypeError(`the driver has no ${kind} ${unknown.join(', ')}; there are ${known.join(', ')}`)
}

const members: readonly (keyof JsonDriver)[] = [
  'name',
  'abilities',
  'promises',
  'provider',
  'client',
  'addresses',
  'set_up',
  'login',
  'logout',
  'refresh',
  'result',
  'reasons',
]
const placeholder = /\{([a-z_]+)\}/g
