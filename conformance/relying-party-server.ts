/**
 * The driver for our own server, in this process and over HTTP: an organization for every module, whose settings are saved
 * through the admin API, tested and enabled as an administrator does it; then the module, as a member.
 */
import { fastify, type FastifyInstance } from 'fastify'
import {
  UserAgent,
  type Driver,
  type Outcome,
  type Party,
  type Reason,
  type Refused,
  type SetUp,
  type Visit,
} from '@relying-party/mock-idp'
import { allowsHttp, createOutbound, openStore, parseOutboundAllow, relyingParty } from '@relying-party/server'
import { freePort } from '../packages/server/src/free-port.ts'

const admin_token = 'the-admin-token-of-the-conformance-run'

/** A driver with a server of its own. */
export default function createDriver(): Driver {
  let base_url = ''
  let stop = async (): Promise<void> => {}
  return {
    name: '@relying-party/server',
    abilities: {
      form_post: true,
      initiate_login: true,
      rp_initiated_logout: true,
      backchannel_logout: true,
      refresh: true,
      prompt_none: true,
      id_token_es256: true,
      id_token_hs256: true,
      userinfo_in_body:
        'the access token is sent in the Authorization header only, the method that RFC 6750 requires of every provider.',
      distributed_claims: 'not followed: a provider could send the server anywhere.',
      mtls: 'clients authenticate with a secret or a key, not with a certificate.',
    },
    promises: {
      'oidcc-client-test-kid-absent-multiple-jwks': 'refused',
      'oidcc-client-test-idtoken-sig-none': 'refused',
      'oidcc-client-test-rp-init-logout-other-state': 'refused',
      'oidcc-client-test-rp-init-logout-no-state': 'refused',
    },
    async start() {
      const server = await startServer()
      ;({ base_url, stop } = server)
    },
    stop: () => stop(),
    addresses({ id }) {
      const oidc = `${base_url}/organizations/${id}/oidc`
      return {
        redirect_uri: `${oidc}/consume`,
        post_logout_redirect_uri: `${oidc}/logged-out`,
        backchannel_logout_uri: `${oidc}/backchannel-logout`,
        initiate_login_uri: `${oidc}/initiate`,
        jwks_uri: `${oidc}/jwks`,
      }
    },
    setUp: (told) => connect(base_url, told),
  }
}

/** Saves the settings, runs the test login and enables; a test that fails is the server's answer to the provider. */
async function connect(base_url: string, { id, issuer, client, signal }: SetUp): Promise<Party | Refused> {
  const api = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${base_url}/api/organizations/${id}/oidc${path}`, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${admin_token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Record<string, unknown>
    if (!response.ok)
      throw new Error(`${method} ${path} was answered with ${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }
  const { client_id, client_secret, token_endpoint_auth_method, scope, response_mode, max_age } = client
  const { candidate } = await api('PUT', '', {
    issuer,
    client_id,
    client_secret,
    token_endpoint_auth_method,
    scope,
    response_mode,
    userinfo: 'always',
    ...(client.id_token_signed_response_alg !== 'RS256' && {
      id_token_signed_response_alg: client.id_token_signed_response_alg,
    }),
    ...(max_age !== undefined && { max_age }),
  })
  const { test_url } = await api('POST', '/test')
  const until = ({ pathname }: URL) => pathname.endsWith('/settings/sso')
  const test = await new UserAgent().visit(String(test_url), { headers: json, until, signal })
  if (test.status !== 0)
    return refusalOf(test) ?? fail(`the test login ended at ${test.url.pathname} with ${test.status}`)
  await api('POST', '/enable', { fingerprint: (candidate as { fingerprint: string }).fingerprint })

  const organization = `${base_url}/organizations/${id}`
  return {
    login: ({ prompt } = {}) => ({
      url: `${organization}/oidc/login${prompt === undefined ? '' : `?prompt=${prompt}`}`,
      headers: json,
      until: ({ href }) => href === organization,
    }),
    logout: () => ({ url: `${organization}/oidc/logout`, method: 'POST', headers: json }),
    refresh: () => ({ url: `${organization}/session/refresh`, method: 'POST', headers: json }),
    async outcome(agent, visit): Promise<Outcome> {
      if (visit !== undefined && visit.status >= 400) {
        return (
          refusalOf(visit) ?? {
            answer: 'none',
            because: `${visit.url.pathname} answered ${visit.status} without a code.`,
          }
        )
      }
      const session = await agent.visit(`${organization}/session`, { headers: json, signal })
      if (session.status === 401) return { answer: 'nobody' }
      if (session.status !== 200) return { answer: 'none', because: `the session was answered with ${session.status}.` }
      const { subject, claims } = JSON.parse(session.body) as { subject: string; claims: Record<string, unknown> }
      return { answer: 'authenticated', sub: subject, claims }
    },
  }
}

const json = { accept: 'application/json' }

/** The code of a problem document. */
function refusalOf({ body, headers, status }: Visit): Refused | undefined {
  if (headers.get('content-type')?.startsWith('application/problem+json') !== true) return undefined
  const { code, facts } = JSON.parse(body) as { code?: string; facts?: Record<string, unknown> }
  return code === undefined ? undefined : { answer: 'refused', code, reason: reasonOf(code, facts), status }
}

/** What a code of ours means. */
function reasonOf(code: string, facts: Record<string, unknown> = {}): Reason {
  if (code === 'id_token_claim_missing' || code === 'id_token_claim_invalid') {
    return reasons[`id_token_${String(facts['claim'])}`] ?? 'other'
  }
  return reasons[code] ?? 'other'
}

const reasons: Record<string, Reason> = {
  discovery_issuer_mismatch: 'discovery_issuer',
  access_denied: 'authorization_error',
  authorization_login_required: 'authorization_error',
  authorization_error_response: 'authorization_error',
  id_token_iss: 'id_token_iss',
  id_token_sub: 'id_token_sub',
  id_token_aud: 'id_token_aud',
  id_token_iat: 'id_token_iat',
  id_token_iss_mismatch: 'id_token_iss',
  id_token_aud_mismatch: 'id_token_aud',
  id_token_sub_mismatch: 'id_token_sub',
  id_token_nonce_mismatch: 'id_token_nonce',
  id_token_alg_not_allowed: 'id_token_alg',
  id_token_key_ambiguous: 'id_token_key',
  id_token_signature_invalid: 'id_token_signature',
  userinfo_sub_mismatch: 'userinfo_sub',
  logout_state_mismatch: 'logout_state',
}

async function startServer(): Promise<{ base_url: string; stop: () => Promise<void> }> {
  const port = await freePort()
  const base_url = `http://localhost:${port}`
  const now = () => Date.now() / 1000
  const allow = parseOutboundAllow('localhost')
  const store = await openStore('memory:', { now })
  const outbound = createOutbound({ allow })
  const app = fastify() as unknown as FastifyInstance
  await app.register(relyingParty, {
    base_url,
    store,
    session_store: store,
    outbound,
    secret_keys: [Buffer.alloc(32, 7).toString('base64url')],
    admin_token,
    allowsHttp: (url) => allowsHttp(url, allow),
    now,
    // Hundreds of logins from one address within seconds are the purpose of the run.
    rate_limits: false,
  })
  await app.listen({ port, host: '127.0.0.1' })
  const stop = async () => {
    await app.close()
    await outbound.close()
    await store.close()
  }
  return { base_url, stop }
}

function fail(text: string): never {
  throw new Error(text)
}
