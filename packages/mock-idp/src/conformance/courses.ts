/** What the browser does in a module: six courses, and which of them a module takes stands in its row. */
import { lastIdToken, sentence, since } from './bench.ts'
import type { Bench } from './bench.ts'
import type { Outcome } from './driver.ts'
import type { Course } from './rows/row.ts'
import { UserAgent } from './user-agent.ts'

/** Takes the course of the row. A relying party that was not even set up has given its answer. */
export async function takeCourse(bench: Bench): Promise<void> {
  if (bench.party !== undefined) await courses[bench.row.course](bench)
}

const courses: Record<Course, (bench: Bench) => Promise<void>> = {
  /** One login, after an honest one where that is asked for. */
  async login(bench) {
    if (bench.row.control === true) {
      if (!(await signIn(bench))) return
      bench.agent = new UserAgent()
    }
    bench.begin('login')
    await bench.step('login', bench.party!.login(bench.row.parameters ?? {}), bench.row.expected)
  },

  /** Two logins in two browsers, with a rotation of keys before one or both. */
  async two_logins(bench) {
    const { row, mock } = bench
    bench.begin('login')
    for (const which of ['first', 'second'] as const) {
      bench.agent = new UserAgent()
      if (row.rotation?.before.includes(which) === true) mock.rotateKeys({ mode: row.rotation.mode })
      await bench.step(`${which} login`, bench.party!.login(), row.expected)
    }
  },

  /** A login that begins at the provider. */
  async initiate_login(bench) {
    bench.begin('login')
    const url = new URL(bench.addresses.initiate_login_uri!)
    url.searchParams.set('iss', bench.mock.issuer)
    await bench.step('login', { ...bench.party!.login(), url: url.href, method: 'GET' }, bench.row.expected)
  },

  /** A login, and then the refresh token. */
  async refresh(bench) {
    if (!(await signIn(bench))) return
    bench.begin('refresh')
    const from = lastId(bench)
    await bench.step('refresh', bench.party!.refresh?.(), bench.row.expected)
    const refreshes = since(bench, from).filter(({ params }) => params['grant_type'] === 'refresh_token')
    if (refreshes.length === 0) bench.problem('The refresh token was not used.')
  },

  /** A login, and a logout that begins at the relying party. */
  async logout(bench) {
    if (!(await signIn(bench))) return
    bench.begin('logout')
    await signOut(bench)
    const [request] = bench.mock.requests.of('end_session')
    const isAboutState = bench.row.expected === 'either'
    if (isAboutState && request !== undefined && request.params['state'] === undefined) {
      bench.skip(
        'The relying party sends no state with its logout request, so none can come back wrong. (The suite skips this as well.)',
      )
    }
    const left = await bench.whoIsIn()
    if (left.answer === 'authenticated')
      bench.problem('The person is still signed in at the relying party after the logout.')
  },

  /** A logout token out of the blue while the session lives, and another during an RP-initiated logout. */
  async backchannel_logout(bench) {
    const { row, mock, client, driver } = bench
    const isGood = row.expected === 'accepted'
    if (!(await signIn(bench))) return
    bench.begin('logout')
    const sid = lastIdToken(bench)?.['sid']
    const about = { client_id: client.client_id, user: bench.login, ...(typeof sid === 'string' && { sid }) }
    try {
      await mock.backchannelLogout(about)
    } catch (error) {
      bench.problem(`The logout token could not be delivered: ${sentence(error)}`)
    }
    const left = await bench.whoIsIn()
    if (isGood && left.answer === 'authenticated') bench.problem('The session lives on after a good logout token.')
    if (!isGood && left.answer !== 'authenticated') bench.problem('The session did not survive a bad logout token.')

    if (driver.abilities?.rp_initiated_logout === true && bench.party!.logout !== undefined) {
      const from = lastId(bench)
      // After a good token the session is over, and with it what the provider calls its sid: a new browser, a new one.
      if (left.answer !== 'authenticated') bench.agent = new UserAgent()
      if (left.answer === 'authenticated' || (await signIn(bench))) await signOut(bench)
      const posted = since(bench, from).filter(({ endpoint }) => endpoint === 'backchannel_logout')
      if (posted.length === 0)
        bench.problem(
          'No logout token was posted during the RP-initiated logout: it never reached the provider, or nothing listens.',
        )
    }
    judgeAnswers(bench, isGood ? 200 : 400)
  },
}

/** @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse | OpenID Connect Back-Channel Logout 1.0, section 2.8} */
function judgeAnswers({ mock, problem, warning }: Bench, wanted: number): void {
  for (const { response } of mock.requests.of('backchannel_logout')) {
    if (response.status !== wanted)
      problem(`The logout token was answered with ${response.status}, and must be with exactly ${wanted}.`)
    if (!/\bno-store\b/.test(String(response.headers['cache-control']))) {
      warning('The answer to the logout token has no Cache-Control: no-store.')
    }
  }
}

/** A login that must work, so that there is something to end. */
async function signIn(bench: Bench): Promise<boolean> {
  const outcome: Outcome = await bench.step('login', bench.party!.login(), 'accepted')
  return outcome.answer === 'authenticated'
}

async function signOut(bench: Bench): Promise<void> {
  const expected = bench.row.course === 'logout' ? bench.row.expected : 'accepted'
  const outcome = await bench.step('logout', bench.party!.logout?.(), expected)
  if (outcome.answer === 'authenticated') bench.problem('The person is still signed in after the logout.')
}

function lastId({ mock }: Bench): number {
  return mock.requests.last()?.id ?? 0
}
