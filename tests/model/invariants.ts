/** What must hold of everything that happens. Each answers what is wrong, or null. */
import { base64url, defaultTolerances, type Connection, type Revision } from '@relying-party/core'
import { hash } from 'node:crypto'
import { connectionOf, type Happened } from './actions.ts'
import { canonical } from './canonical.ts'
import { readToken } from './crypto.ts'
import { faultOfToken, flowOf, proofOf, secretIn, sessionsBegun } from './ledger.ts'
import { issuerOf, providerAt, redirectUriOf, type Ledger, type Provider, type World } from './world.ts'

export interface Invariant {
  /** The clause in words. */
  readonly says: string
  readonly broken: (happened: Happened) => string | null
}

/** For each session that an action began. */
const ofSessions = (broken: (happened: Happened, session: ReturnType<typeof sessionsBegun>[number]) => string | null) =>
  function (happened: Happened): string | null {
    for (const session of sessionsBegun(happened)) {
      const why = broken(happened, session)
      if (why !== null) return why
    }
    return null
  }

/** For each token request that left during an action. */
const ofRequests = (broken: (happened: Happened, request: Ledger['sent'][number]) => string | null) =>
  function (happened: Happened): string | null {
    const { before, after } = happened
    if (before.ledger.sent.length === after.ledger.sent.length) return null
    const texts = before.ledger.sent.map(keyOf)
    const request = after.ledger.sent.find((one) => !texts.includes(keyOf(one)))
    return request === undefined ? null : broken(happened, request)
  }
const keyOf = (request: Ledger['sent'][number]) => canonical({ ...request, refused_client: null })

export const invariants = {
  session_browser: {
    says: 'A session begins only in the browser that started the flow.',
    broken: ofSessions((happened) => {
      const flow = flowOf(happened)
      const browser = happened.call !== null && 'browser' in happened.call ? happened.call.browser : null
      return flow?.browser === browser ? null : `started by ${flow?.browser}, finished by ${browser}`
    }),
  },
  session_organization: {
    says: 'A session is of the organization that the flow was started for.',
    broken: ofSessions((happened, session) => {
      const flow = flowOf(happened)
      const same =
        flow?.organization_id === session.organization_id && session.organization_id === happened.call?.organization
      return same ? null : `started for ${flow?.organization_id}, signed in to ${session.organization_id}`
    }),
  },
  session_revision: {
    says: 'A session begins only under the connection and revision that the flow was started for, while they serve.',
    broken: ofSessions((happened, session) => {
      const flow = flowOf(happened)
      const now = connectionOf(happened.after, session.organization_id)
      if (now?.live == null) return 'SSO is disabled or deleted'
      const same = now.connection_id === flow?.connection_id && now.live.revision === flow.revision
      return same ? null : 'another revision serves'
    }),
  },
  session_token: {
    says: 'A session rests on an ID Token that the issuer of the revision signed, for this client and this nonce, not expired; and says what it says.',
    broken: ofSessions((happened, session) => {
      const flow = flowOf(happened)
      const id_token = happened.answer?.id_token
      if (flow === null || id_token == null) return 'no flow or no ID Token'
      const { claims } = readToken(id_token)
      if (session.issuer !== flow.issuer || session.subject !== claims.sub)
        return `for ${session.subject} of ${session.issuer}`
      return faultOfToken(id_token, flow, happened.before.now)
    }),
  },
  session_in_time: {
    says: 'A session begins only when the callback came while the flow was good.',
    broken: ofSessions((happened) => {
      const { action, before } = happened
      const pending = 'pending' in action ? before.pending.find(({ id }) => id === action.pending) : undefined
      const came = pending?.log[0]?.at ?? before.now
      const age = came - (flowOf(happened)?.started_at ?? 0)
      return age <= defaultTolerances.flow ? null : `the flow was ${age} seconds old`
    }),
  },
  session_login: {
    says: 'A test never makes a session.',
    broken: ofSessions((happened) => (flowOf(happened)?.purpose === 'login' ? null : 'it was a test')),
  },
  session_once: {
    says: 'A flow makes at most one session.',
    broken: ({ after }) => (Object.values(after.ledger.sessions).some((count) => count > 1) ? 'it made two' : null),
  },
  code_once: {
    says: 'A flow sends one code, once: a second time only with the staged secret, after the first was refused.',
    broken: ofRequests(({ after }, request) => {
      const earlier = after.ledger.sent.filter((one) => one.state === request.state && one !== request)
      const isRetry = (one: Ledger['sent'][number]) =>
        one.refused_client &&
        one.code === request.code &&
        one.url === request.url &&
        one.client_secret !== request.client_secret
      return earlier.length === 0 || (earlier.length === 1 && isRetry(earlier[0]!)) ? null : 'the code left again'
    }),
  },
  code_endpoint: {
    says: 'A code leaves only for the browser, the client, the verifier and the token endpoint of the revision that asked.',
    broken: ofRequests((happened, { url, client_id, code_verifier, redirect_uri }) => {
      const flow = flowOf(happened)
      const { call, after } = happened
      if (flow === null || call === null || !('browser' in call)) return 'there is no such flow'
      if (call.browser !== flow.browser) return 'from another browser'
      if (!endpointsOf(after, providerAt(flow.issuer)).includes(url)) return `sent to ${url} for ${flow.issuer}`
      if (client_id !== flow.client_id) return `as ${client_id} instead of ${flow.client_id}`
      const challenge = base64url(new Uint8Array(hash('sha256', code_verifier, 'buffer')))
      if (challenge !== flow.code_challenge) return 'with the verifier of another flow'
      return redirect_uri === redirectUriOf(flow.organization_id) ? null : 'with another redirect_uri'
    }),
  },
  code_issuer: {
    says: 'A code that a provider has issued, come back as it was issued, never goes to another provider.',
    broken: ofRequests(({ after, call }, { url, code }) => {
      const issued = after.codes[code]
      if (issued === undefined || call === null || !('query' in call)) return null
      const isGenuine =
        issued.redirect_uri === redirectUriOf(call.organization) &&
        new URLSearchParams(call.query).get('iss') === issuerOf(issued.provider)
      return isGenuine && issued.provider === 'honest' && providerAt(url) === 'rogue' ? 'the attacker has it' : null
    }),
  },
  secret_endpoint: {
    says: 'A client secret is sent only to the provider that it was entered for.',
    broken: ofRequests(({ after }, { url, client_secret }) => {
      if (client_secret === null) return null
      const provider = secretsEnteredFor(client_secret)
      return endpointsOf(after, provider).includes(url) ? null : `${client_secret} was sent to ${url}`
    }),
  },
  enabled_was_tested: {
    says: 'What is enabled, or counts as tested, is exactly what somebody has signed in with.',
    broken: ({ before, after }) => {
      if (before.records.connections === after.records.connections) return null
      for (const organization of Object.keys(after.records.connections)) {
        const { connection_id, candidate, live, previous } = connectionOf(after, organization)!
        const counting: Revision[] = [candidate, live, previous].filter(
          (one) => one !== null && one.tested !== null,
        ) as Revision[]
        if (live !== null && live.tested === null) return 'live without a test'
        const unproved = counting.find(
          (one) => !after.ledger.proved.includes(proofOf(connection_id, canonical(one.settings), secretIn(one))),
        )
        if (unproved !== undefined) return `revision ${unproved.revision} of ${organization} was never proved`
      }
      return null
    },
  },
  write_stays: {
    says: 'What was acknowledged stays: a write changes what its command is about, and nothing that came in between.',
    broken: ({ handled, call, after }) => {
      for (const { replaced, now } of handled?.written ?? []) {
        if (replaced === null) continue
        const keeps = keptBy['command' in call! ? call.command : 'callback'] ?? (() => null)
        const isLost = now.revisions < replaced.revisions || canonical(keeps(now)) !== canonical(keeps(replaced))
        if (isLost) return 'what was written meanwhile was overwritten'
      }
      if (call === null || !('command' in call) || handled?.answered?.status !== 200) return null
      const now = connectionOf(after, call.organization)
      const done = {
        save: () => (now?.candidate ?? now?.live)?.settings.issuer === (call.input as { issuer?: string }).issuer,
        enable: () => now?.live?.fingerprint === call.input,
        disable: () => now?.live === null,
        discard: () => now?.candidate === null,
        delete: () => now === null,
      }[call.command]
      return done === undefined || done() ? null : `${call.command} was acknowledged and not done`
    },
  },
  organization_alone: {
    says: 'Nothing that is done in one organization changes another.',
    broken: ({ before, after, call }) => {
      if (call === null) return null
      for (const [organization, row] of Object.entries(before.records.connections)) {
        if (organization !== call.organization && after.records.connections[organization] !== row)
          return `${organization} was changed`
      }
      const changed = Object.entries(before.records.sessions).find(([key, row]) => after.records.sessions[key] !== row)
      const owner = (changed?.[1].value as { organization_id?: string } | undefined)?.organization_id
      return owner === undefined || owner === call.organization ? null : `a session of ${owner} was changed`
    },
  },
  failure_is_not_absence: {
    says: 'A failing store is answered as such: never as absence, never with a session, and no code leaves.',
    broken: ({ action, handled, before, after }) => {
      const fault = 'fault' in action ? action.fault : undefined
      if (fault === undefined || handled === null || handled.operations.length <= fault.at) return null
      if (handled.waiting !== null) return 'it went on as if nothing had happened'
      const { code } = handled.answered!
      if (code !== 'store_unavailable') return `${handled.operations[fault.at]} failed, and the answer was ${code}`
      return Object.entries(after.cookies).some(([browser, held]) => {
        const had = before.cookies[browser as keyof World['cookies']]
        return Object.keys(held).some((name) => name.includes('session') && held[name] !== had[name])
      })
        ? 'a session was given out'
        : null
    },
  },
  logout_signed: {
    says: 'Sessions are ended only by a logout token that the issuer signed.',
    broken: ({ action, handled }) =>
      action.do === 'logout' && handled?.answered?.status === 200 && action.by !== action.iss
        ? 'anybody can end them'
        : null,
  },
  session_served: {
    says: 'A session is served only to its organization, while the connection and issuer that vouched for it serve members without a break, not expired, not ended by the provider.',
    broken: (happened) => (happened.handled?.answered?.status === 200 ? reasonNotToServe(happened, true) : null),
  },
  session_kept: {
    says: 'A session is served until there is a reason not to: nobody else ends it.',
    broken: (happened) => {
      const isRefused = happened.action.do === 'whoami' && happened.handled?.answered?.status === 401
      return isRefused && reasonNotToServe(happened, false) === null ? 'it was not served' : null
    },
  },
} as const satisfies Record<string, Invariant>

/** What a command leaves as it is. The callback's writes are the results of tests and the promotion of a secret. */
const keptBy: Readonly<Record<string, (connection: Connection) => unknown>> = {
  save: ({ live, previous }) => [live, previous],
  discard: ({ live, previous }) => [live, previous],
  disable: ({ candidate, live }) => (candidate ?? live)?.settings,
  stage_secret: ({ candidate, live, previous }) => [candidate, { ...live, staged_client_secret: null }, previous],
  callback: ({ candidate, live, previous }) => [candidate, live, previous].map((one) => one?.settings),
}

export type InvariantName = keyof typeof invariants

/** What is wrong with what happened, by invariant. */
export function violations(happened: Happened): readonly { readonly invariant: InvariantName; readonly why: string }[] {
  return Object.entries(invariants).flatMap(([invariant, { broken }]) => {
    const why = broken(happened)
    return why === null ? [] : [{ invariant: invariant as InvariantName, why }]
  })
}

/**
 * Why the session that a browser asks with must not be served; null when it must.
 * @param sure whether only logouts count that were acknowledged, or also those that met a failing store
 */
function reasonNotToServe({ action, before }: Happened, sure: boolean): string | null {
  if (action.do !== 'whoami') return null
  const connection = connectionOf(before, action.organization)
  const key = sessionKeyOf(action.cookies)
  const session = before.records.sessions[key]?.value as unknown as ReturnType<typeof sessionsBegun>[number] | undefined
  if (session === undefined) return 'there is none'
  if (connection?.live == null) return 'SSO is disabled or deleted'
  if (before.ledger.outlived.includes(key)) return 'SSO was disabled meanwhile'
  const { organization_id, connection_id, issuer, subject, expires_at, issued_at } = session
  if (organization_id !== action.organization) return `${organization_id}'s session counts for ${action.organization}`
  if (connection_id !== connection.connection_id) return 'the connection was deleted'
  if (issuer !== connection.live.settings.issuer) return 'the issuer is another one now'
  if (expires_at <= before.now) return 'expired'
  const isAbout = (logout: Ledger['logouts'][number]) =>
    logout.connection_id === connection_id && logout.iss === issuer && logout.sub === subject && issued_at <= logout.iat
  return before.ledger.logouts.some((logout) => (logout.acknowledged || !sure) && isAbout(logout))
    ? 'the provider has ended it'
    : null
}

/** The store knows the session that the cookie names by a hash. */
function sessionKeyOf(cookies: Readonly<Record<string, string>>): string {
  const [id] = Object.values(cookies)
  return `session.${base64url(new Uint8Array(hash('sha256', id!, 'buffer')))}`
}

const endpointsOf = (world: World, provider: Provider): readonly string[] =>
  provider === 'honest' ? [`${issuerOf('honest')}/token`] : world.ledger.rogue_endpoints

/** Secrets are named after whom they are for. */
function secretsEnteredFor(client_secret: string): Provider {
  return client_secret.startsWith('acme-') || client_secret.startsWith('mallory-') ? 'honest' : 'rogue'
}
