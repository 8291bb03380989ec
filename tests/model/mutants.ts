/**
 * The guards of the product, each taken out in turn. A rule that several layers keep is taken out of all of them: a
 * mutant that survives would mean that nothing in the model depends on the rule.
 */
import type { Patch } from '../../conformance/mutations.ts'
import type { InvariantName } from './invariants.ts'
import type { SceneName } from './scenes.ts'

export interface Mutant {
  /** The rule that it lacks. */
  readonly lacks: string
  readonly patches: readonly Patch[]
  readonly scene: SceneName
  /** What breaks: the only invariant that is looked at, for others may break on the way. */
  readonly breaks: InvariantName
}

const judge = 'core/node_modules/oauth4webapi/build/index.js'
const flow = 'core/src/flow.ts'
const connection = 'core/src/connection.ts'
const signIn = 'server/src/sign-in.ts'
const facts = 'server/src/circumstances.ts'
const circumstances = 'core/src/circumstances.ts'
const testLogins = 'server/src/test-logins.ts'
const flowCookies = 'server/src/flow-cookies.ts'
const sessions = 'server/src/sessions.ts'
const connections = 'server/src/connections.ts'

const without = (file: string, find: string | RegExp, replace = ''): Patch => ({ file, find, replace })

const withoutBrowser: readonly Patch[] = [
  without(
    flowCookies,
    'const held = cookiesStartingWith(request, prefix(context))',
    'Object.assign(globalThis, { [flow.state]: sealed })\n  const held = cookiesStartingWith(request, prefix(context))',
  ),
  without(
    flowCookies,
    'const sealed = readCookie(request, nameFor(context, state))',
    'const sealed = (globalThis as unknown as Record<string, string>)[state]',
  ),
]

const withoutOrganization: readonly Patch[] = [
  without(circumstances, "if (flow.organization_id !== organization_id) return 'flow_organization_mismatch'"),
  without(facts, 'if (flow.connection_id !== connection.connection_id) return null'),
  without(flow, "ensure(same, 'flow_organization_mismatch')"),
  without(flow, "ensure(sameRevision, 'flow_revision_replaced')"),
  without(
    signIn,
    'connection?.live?.revision === login.revision && connection.connection_id === login.connection_id',
    'true',
  ),
]

/** Who tested cannot be asked whether the policy lets them in, when nobody did. */
const whoeverTested = without('core/src/revision.ts', '  ensureNotLockedOut(revision, policy, policy)\n')

const withoutClaim: readonly Patch[] = [without(circumstances, "if (claimed === false) return 'flow_already_used'")]

export const mutants: readonly Mutant[] = [
  {
    lacks: 'a flow is kept in the browser that started it, and nowhere else',
    patches: withoutBrowser,
    scene: 'mix_up',
    breaks: 'code_endpoint',
  },
  {
    lacks: 'a flow is kept in the browser that started it, and nowhere else: the session',
    patches: withoutBrowser,
    scene: 'mix_up',
    breaks: 'session_browser',
  },
  {
    lacks: 'the state of a response is the state of the flow',
    patches: [
      without(flowCookies, 'prefix(context) + state.slice(0, 22)', 'prefix(context) + state.slice(0, 0)'),
      without(flowCookies, 'flow?.state === state ? flow : undefined', 'flow'),
      without(judge, 'if (state !== expectedState) {', 'if (false) {'),
    ],
    scene: 'mix_up',
    breaks: 'code_endpoint',
  },
  {
    lacks: 'a flow is claimed once',
    patches: withoutClaim,
    scene: 'life',
    breaks: 'code_once',
  },
  {
    lacks: 'a flow is claimed once: the session',
    patches: withoutClaim,
    scene: 'discovery',
    breaks: 'session_once',
  },
  {
    lacks: 'a flow belongs to its organization',
    patches: withoutOrganization,
    scene: 'mix_up',
    breaks: 'code_endpoint',
  },
  {
    lacks: 'a flow belongs to its organization: the session',
    patches: withoutOrganization,
    scene: 'mix_up',
    breaks: 'session_organization',
  },
  {
    lacks: 'a flow belongs to its revision',
    patches: [
      without(facts, 'usable.find((one) => one?.revision === flow.revision) ?? null', 'usable[0] ?? null'),
      without(flow, "ensure(sameRevision, 'flow_revision_replaced')"),
    ],
    scene: 'life',
    breaks: 'code_endpoint',
  },
  {
    lacks: 'a flow belongs to its connection, which is another when it was deleted and made anew',
    patches: [
      without(facts, 'if (flow.connection_id !== connection.connection_id) return null'),
      without(flow, 'rp.connection_id === state.connection_id && rp.revision', 'rp.revision'),
    ],
    scene: 'beginning',
    breaks: 'code_endpoint',
  },
  {
    lacks: 'a flow expires',
    patches: [without(flow, "ensure(event.at - state.started_at <= rp.tolerances.flow, 'flow_expired')")],
    scene: 'time',
    breaks: 'session_in_time',
  },
  {
    lacks: 'the iss of a response is the issuer (RFC 9207)',
    patches: [without(judge, 'if (iss && iss !== as.issuer) {', 'if (false) {')],
    scene: 'mix_up',
    breaks: 'code_issuer',
  },
  {
    lacks: 'the nonce of an ID Token is that of the flow',
    patches: [without(judge, 'if (claims.nonce !== expected) {', 'if (false) {')],
    scene: 'mix_up',
    breaks: 'session_token',
  },
  {
    lacks: 'the iss of an ID Token is the issuer',
    patches: [without(judge, 'if (result.claims.iss !== expected) {', 'if (false) {')],
    scene: 'mix_up',
    breaks: 'session_token',
  },
  {
    lacks: 'the aud of an ID Token is the client',
    patches: [without(judge, 'else if (result.claims.aud !== expected) {', 'else if (false) {')],
    scene: 'mix_up',
    breaks: 'session_token',
  },
  {
    lacks: 'an ID Token expires',
    patches: [without(judge, 'if (claims.exp <= now - clockTolerance) {', 'if (false) {')],
    scene: 'time',
    breaks: 'session_token',
  },
  {
    lacks: 'the signature of an ID Token is verified',
    patches: [without('core/src/jws.ts', 'return await crypto.verify(alg, key, signature, signed)', 'return true')],
    scene: 'mix_up',
    breaks: 'session_token',
  },
  {
    lacks: 'the issuer of a configuration document is the issuer',
    patches: [
      without('core/src/messages/discovery.ts', 'ensure(named === issuer, ', 'ensure(true, '),
      without(
        'core/src/messages/discovery.ts',
        '    issuer,\n    authorization_endpoint',
        '    issuer: named,\n    authorization_endpoint',
      ),
    ],
    scene: 'discovery',
    breaks: 'code_issuer',
  },
  {
    lacks: 'no session once another revision serves, or none',
    patches: [without(signIn, 'return same ? connection : undefined', 'return connection')],
    scene: 'life',
    breaks: 'session_revision',
  },
  {
    lacks: 'a test never makes a session',
    patches: [
      without(flow, "if (purpose === 'test') return { state: { ...who, purpose, refusal }, effects: [] }"),
      without(
        flow,
        'return { state: { ...who, purpose }, effects: [] }',
        "return { state: { ...who, purpose: 'login' }, effects: [] }",
      ),
      without(
        signIn,
        'connection?.live?.revision === login.revision && connection.connection_id === login.connection_id',
        'true',
      ),
    ],
    scene: 'life',
    breaks: 'session_login',
  },
  {
    lacks: 'only what was tested can be enabled',
    patches: [
      whoeverTested,
      without(
        connection,
        "failTestOfDraft),\n    enable: row(['enabled'], enablePrevious)",
        "failTestOfDraft),\n    enable: row(['enabled'], enableFirst)",
      ),
    ],
    scene: 'beginning',
    breaks: 'enabled_was_tested',
  },
  {
    lacks: 'only what was tested can be enabled, also beside what is live',
    patches: [
      whoeverTested,
      without(
        connection,
        'const proved = candidate.tested === null ? previous : candidate',
        'const proved = candidate',
      ),
    ],
    scene: 'life',
    breaks: 'enabled_was_tested',
  },
  {
    lacks: 'a test counts for the fingerprint that it tested',
    patches: [
      without(
        'core/src/revision.ts',
        /(?<=readonly claims: Claims \},\n\): .*\n) {2}ensure\(revision\.fingerprint === fingerprint, .*/,
      ),
    ],
    scene: 'life',
    breaks: 'enabled_was_tested',
  },
  {
    lacks: 'a test counts for the connection that it tested',
    patches: [without(testLogins, 'same && one?.revision === revision', 'one?.revision === revision')],
    scene: 'beginning',
    breaks: 'enabled_was_tested',
  },
  {
    lacks: 'a test counts for the revision that it tested',
    patches: [without(testLogins, 'same && one?.revision === revision', 'same && one !== null')],
    scene: 'life',
    breaks: 'enabled_was_tested',
  },
  {
    lacks: 'a stored secret is kept only for the issuer that it was entered for',
    patches: [without('core/src/revision.ts', 'base?.settings.issuer === issuer &&', 'base !== null &&')],
    scene: 'life',
    breaks: 'secret_endpoint',
  },
  {
    lacks: 'the secret that is promoted is the one that was proved',
    patches: [
      without(
        signIn,
        "(connection.connection_id === connection_id && proved) || ''",
        "connection.live?.staged_client_secret?.secret_id ?? ''",
      ),
    ],
    scene: 'rotation',
    breaks: 'enabled_was_tested',
  },
  {
    lacks: 'the staged secret is tried only when the first was refused',
    patches: [
      without(
        'core/src/messages/token.ts',
        "return code === 'token_invalid_client' && presentsSecret",
        'return code.length > 0 && presentsSecret',
      ),
    ],
    scene: 'rotation',
    breaks: 'code_once',
  },
  {
    lacks: 'a conflict is decided anew, on what is there now',
    patches: [
      without(
        connections,
        "store.compareAndSet('connections', organization_id, found?.version ?? null, record, null)",
        "store.compareAndSet('connections', organization_id, found?.version ?? null, record, null).then(async (version) =>\n          version ?? store.compareAndSet('connections', organization_id, (await load(organization_id))?.version ?? null, record, null))",
      ),
    ],
    scene: 'two_admins',
    breaks: 'write_stays',
  },
  {
    lacks: 'a store that fails does not read as absence',
    patches: [
      without(
        connections,
        "const stored = await store.get('connections', organization_id)",
        "const stored = await store.get('connections', organization_id).catch(() => undefined)",
      ),
    ],
    scene: 'storage',
    breaks: 'failure_is_not_absence',
  },
  {
    lacks: 'a claim that fails is not won',
    patches: [
      without('server/src/claim.ts', '{ at: now() }, expires_at)', '{ at: now() }, expires_at).catch(() => true)'),
    ],
    scene: 'storage',
    breaks: 'failure_is_not_absence',
  },
  {
    lacks: 'a session that cannot be read is not absent',
    patches: [
      without(
        sessions,
        "const session = (await store.get('sessions', keyOf(id)))?.value",
        "const session = (await store.get('sessions', keyOf(id)).catch(() => undefined))?.value",
      ),
    ],
    scene: 'storage',
    breaks: 'failure_is_not_absence',
  },
  {
    lacks: 'a logout that cannot be read is not absent',
    patches: [
      without(
        sessions,
        "keys.map((key) => store.get('sessions', key))",
        "keys.map((key) => store.get('sessions', key).catch(() => undefined))",
      ),
    ],
    scene: 'storage',
    breaks: 'failure_is_not_absence',
  },
  {
    lacks: 'a session is served only while SSO is enabled',
    patches: [
      without(sessions, 'session === undefined || connection.live === null', 'session === undefined'),
      without(sessions, 'session.issuer === connection.live.settings.issuer', 'session.issuer !== null'),
    ],
    scene: 'life',
    breaks: 'session_served',
  },
  {
    lacks: 'a session is over when SSO is disabled, also when it is enabled again',
    patches: [without(sessions, 'same && sameEnablement && sameIssuer', 'same && sameIssuer')],
    scene: 'another_issuer',
    breaks: 'session_served',
  },
  {
    lacks: 'a session is served only by the connection that vouched for it',
    patches: [without(sessions, '&& session.connection_id === connection.connection_id')],
    scene: 'made_anew',
    breaks: 'session_served',
  },
  {
    lacks: 'a session is served only to its organization',
    patches: [
      without(
        sessions,
        'session.organization_id === connection.organization_id && session.connection_id === connection.connection_id',
        'session !== undefined',
      ),
      without(sessions, 'session.issuer === connection.live.settings.issuer', 'session.issuer !== null'),
    ],
    scene: 'mix_up',
    breaks: 'session_served',
  },
  {
    lacks: 'a session is served only under the issuer that vouched for it',
    patches: [without(sessions, 'session.issuer === connection.live.settings.issuer', 'session.issuer !== null')],
    scene: 'another_issuer',
    breaks: 'session_served',
  },
  {
    lacks: 'a session ends when the provider says so, also before it began',
    patches: [without(sessions, '&& !(await wasEnded(session))')],
    scene: 'time',
    breaks: 'session_served',
  },
  {
    lacks: 'every organization has a session cookie of its own',
    patches: [without(sessions, 'rp_session_${organization_id}', 'rp_session_')],
    scene: 'same_issuer',
    breaks: 'organization_alone',
  },
  {
    lacks: 'a logout counts for the connection that it was sent to',
    patches: [without(sessions, 'JSON.stringify([connection_id, ...mark])', 'JSON.stringify(mark)')],
    scene: 'same_issuer',
    breaks: 'session_kept',
  },
  {
    lacks: 'the signature of a logout token is verified',
    patches: [
      without(
        'core/src/driver.ts',
        "ensure(await isSigned(rp, metadata, unverified, io), 'logout_token_signature_invalid')",
      ),
    ],
    scene: 'time',
    breaks: 'logout_signed',
  },
]
