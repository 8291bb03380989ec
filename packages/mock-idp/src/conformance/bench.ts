/**
 * One module under way: a provider of its own, the relying party set up with it, a browser, and the record of what
 * happens. Nothing of it is shared with another module.
 */
import { createHash } from 'node:crypto'
import type { LedgerEntry } from '../ledger.ts'
import { startMockOkta } from '../start.ts'
import type { MockOkta } from '../start.ts'
import type { ClientOptions, UserOptions } from '../options.ts'
import type { Addresses, ClientUnderTest, Driver, Outcome, Party, Step } from './driver.ts'
import type { Plan } from './plans.ts'
import type { Moment, Row } from './rows/row.ts'
import { UserAgent } from './user-agent.ts'
import type { Visit } from './user-agent.ts'
import type { Expected, Observation, StepRecord } from './verdict.ts'

/** One module under way. */
export interface Bench {
  mock: MockOkta
  row: Row
  driver: Driver
  client: ClientUnderTest
  addresses: Addresses
  /** The person who signs in. */
  login: string
  agent: UserAgent
  /** `undefined` when the relying party refused the provider already when it was set up. */
  party: Party | undefined
  /** Does one thing in the browser and records what the relying party says to it. */
  step(name: string, step: Step | undefined, expected: Expected): Promise<Outcome>
  /** Who is signed in now. */
  whoIsIn(): Promise<Outcome>
  /** The moment has come: the provider misbehaves from now on, if this is when it should. */
  begin(moment: Moment): void
  problem(text: string): void
  warning(text: string): void
  /** Ends the module without a verdict. */
  skip(because: string): never
  observation(): Observation
  close(): Promise<void>
}

/** Thrown by `skip`. */
export class Skipped extends Error {}

/** What a bench is made from. */
export interface Equipment {
  driver: Driver
  plan: Plan
  module: string
  row: Row
  seed: string
  timeout_ms: number
}

/** Starts a provider, registers a client, and sets the relying party up. */
export async function createBench({ driver, plan, module, row, seed, timeout_ms }: Equipment): Promise<Bench> {
  const signal = AbortSignal.timeout(timeout_ms)
  const assignment = { plan: plan.name, module, id: idOf(plan, module) }
  const addresses = await driver.addresses(assignment)
  const client = clientOf(driver, plan, row, addresses, `${seed}/${assignment.id}`)
  const mock = await startMockOkta({
    issuer_ends_with_slash: true,
    ...driver.provider,
    seed: `${seed}/${assignment.id}`,
    auto_login: person.login,
    users: [person],
    clients: [registration(client, addresses, row)],
    ...row.provider,
  })
  const sub = mock.users[0]!.id
  const steps: StepRecord[] = []
  const problems: string[] = []
  const warnings: string[] = []
  let mark = 0

  const bench: Bench = {
    mock,
    row,
    driver,
    client,
    addresses,
    login: person.login,
    agent: new UserAgent(),
    party: undefined,
    async step(name, step, expected) {
      const reasons = row.reasons ?? []
      const outcome =
        step === undefined
          ? ({ answer: 'none', because: 'the driver does not say how.' } as const)
          : await within(signal, () => take(bench, step, signal))
      const record: StepRecord = { name, expected, reasons, outcome }
      steps.push(record)
      if (outcome.answer === 'refused') record.afterwards = await bench.whoIsIn()
      return outcome
    },
    whoIsIn: () => within(signal, async () => bench.party!.outcome(bench.agent, undefined)),
    begin(moment) {
      if ((row.from ?? 'login') !== moment) return
      mark = mock.requests.last()?.id ?? 0
      for (const fault of row.faults ?? []) {
        const { name, ...options } = typeof fault === 'string' ? { name: fault } : fault
        mock.inject(name, options)
      }
    },
    problem: (text) => void problems.push(text),
    warning: (text) => void warnings.push(text),
    skip: (because) => {
      throw new Skipped(because)
    },
    observation: () => {
      const all = mock.requests.list()
      const [earlier, calls] = [all.filter(({ id }) => id <= mark), all.filter(({ id }) => id > mark)]
      return { response_mode: plan.response_mode, sub, calls, earlier, steps, problems, warnings }
    },
    async close() {
      await bench.party?.close?.()
      await mock.close()
    },
  }

  try {
    // As in the suite, every key set has keys in it that are for others.
    mock.inject('jwks.decoys')
    bench.begin('set_up')
    await setUp(bench, { ...assignment, issuer: mock.issuer, client, signal }, steps)
    return bench
  } catch (error) {
    await bench.close()
    throw error
  }
}

async function setUp(bench: Bench, told: Parameters<Driver['setUp']>[0], steps: StepRecord[]): Promise<void> {
  const { row, driver } = bench
  const answer = await driver.setUp(told)
  if (!('answer' in answer)) {
    bench.party = answer
    return
  }
  // A relying party that checks the provider when it is set up gives its answer there.
  const expected = row.from === 'set_up' ? row.expected : 'accepted'
  steps.push({ name: 'set-up', expected, reasons: row.reasons ?? [], outcome: answer })
}

/** The last of the provider's ledger, newest first: what a course needs to know of what was issued. */
export function lastIdToken({ mock }: Bench): Record<string, unknown> | undefined {
  const issued = mock.requests
    .of('token')
    .map(({ response }) => (response.body as Record<string, unknown> | null)?.['id_token'])
  const token = issued.findLast((each) => typeof each === 'string')
  const payload = typeof token === 'string' ? token.split('.')[1] : undefined
  return payload === undefined
    ? undefined
    : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>)
}

/** The entries that came after another. */
export function since({ mock }: Bench, id: number): LedgerEntry[] {
  return mock.requests.list().filter((entry) => entry.id > id)
}

async function take({ agent, party }: Bench, step: Step, signal: AbortSignal): Promise<Outcome> {
  let visit: Visit
  try {
    const { url, ...options } = step
    visit = await agent.visit(url, { ...options, signal })
  } catch (error) {
    return { answer: 'none', because: sentence(error) }
  }
  return party!.outcome(agent, visit)
}

/** A relying party that hangs, or a driver that fails, is an answer as well: none. */
async function within(signal: AbortSignal, action: () => Promise<Outcome>): Promise<Outcome> {
  const given = new Promise<Outcome>((resolve) => {
    const late = () => resolve({ answer: 'none', because: 'it took too long.' })
    if (signal.aborted) late()
    signal.addEventListener('abort', late, { once: true })
  })
  const failed = (error: unknown): Outcome => ({ answer: 'none', because: sentence(error) })
  return Promise.race([action().catch(failed), given])
}

/** An error with its causes, which is where `fetch` says what happened. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = error.message || String((error as NodeJS.ErrnoException).code)
  return error.cause instanceof Error ? `${message}: ${sentence(error.cause)}` : message
}

function clientOf(driver: Driver, plan: Plan, row: Row, addresses: Addresses, seed: string): ClientUnderTest {
  const { client = {} } = row
  const digest = createHash('sha256').update(seed).digest('hex')
  const odd = client.strict_auth_method === true
  const { post_logout_redirect_uri } = addresses
  return {
    // Characters that only come through when both halves of Basic are form-encoded.
    client_id: odd ? `client ${digest.slice(0, 8)} !*'()$&,/:;=?@` : `client-${digest.slice(0, 16)}`,
    client_secret: odd ? `${digest.slice(0, 32)} +%&"'<>:;\\{}|^~` : digest,
    ...driver.client,
    redirect_uri: addresses.redirect_uri,
    ...(post_logout_redirect_uri !== undefined && { post_logout_redirect_uri }),
    token_endpoint_auth_method: client.token_endpoint_auth_method ?? 'client_secret_basic',
    response_type: 'code',
    response_mode: client.response_mode ?? plan.response_mode,
    scope: client.scope ?? 'openid profile email phone address',
    id_token_signed_response_alg: (client.id_token_signed_response_alg ??
      'RS256') as ClientUnderTest['id_token_signed_response_alg'],
    ...(client.max_age !== undefined && { max_age: client.max_age }),
    userinfo_bearer: client.userinfo_bearer ?? 'header',
  }
}

function registration(client: ClientUnderTest, addresses: Addresses, row: Row): ClientOptions {
  const { post_logout_redirect_uri, backchannel_logout_uri, initiate_login_uri, jwks_uri } = addresses
  const { client_id, client_secret, redirect_uri, token_endpoint_auth_method, id_token_signed_response_alg } = client
  const { strict_auth_method, refresh_token_rotation } = row.client ?? {}
  return {
    client_id,
    client_secret,
    redirect_uris: [redirect_uri],
    post_logout_redirect_uris: post_logout_redirect_uri === undefined ? [] : [post_logout_redirect_uri],
    token_endpoint_auth_method,
    id_token_signed_response_alg,
    ...(strict_auth_method !== undefined && { strict_auth_method }),
    ...(refresh_token_rotation !== undefined && { refresh_token_rotation }),
    ...(backchannel_logout_uri !== undefined && { backchannel_logout_uri, backchannel_logout_session_required: true }),
    ...(initiate_login_uri !== undefined && { initiate_login_uri }),
    ...(jwks_uri !== undefined && token_endpoint_auth_method === 'private_key_jwt' && { jwks_uri }),
  }
}

/** The name of a module within a run: short, and good in a path. */
function idOf(plan: Plan, module: string): string {
  const name = `${plan.name}-${module.replace(/^oidcc-client-test-?/, '') || 'test'}`.replaceAll('_', '-')
  return name.length <= 60
    ? name
    : `${name.slice(0, 51)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

/** Who signs in: somebody of whom UserInfo has more to tell than a thin ID Token. */
const person: UserOptions = {
  login: 'ada@acme.example',
  given_name: 'Ada',
  family_name: 'Lovelace',
  profile: { phone_number: '+44 20 7946 0000', address: { country: 'GB' }, locale: 'en-GB', zoneinfo: 'Europe/London' },
}
