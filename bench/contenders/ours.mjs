/**
 * The server that we ship, from its build: configured through the admin API, tested, enabled. `STORE_URL` says where it
 * keeps its records.
 */
import { readConfig, startServer } from '@relying-party/server'
import { Client } from 'undici'
import { announce } from '../child.mjs'
import { signIn } from '../driver.mjs'

const {
  ISSUER: issuer,
  CLIENT_ID: client_id,
  CLIENT_SECRET: client_secret,
  STORE_URL,
  LOG_LEVEL = 'warn',
} = process.env
// Counted like those of anybody else, but never too many.
const RATE_LIMITS = ['login_per_address', 'login_per_organization', 'callback_per_address', 'callback_per_organization']
  .map((limit) => `${limit}=999999999`)
  .join(',')
const { base_url: origin, config } = await startServer(
  readConfig({ PORT: '0', STORE_URL, LOG_LEVEL, OUTBOUND_ALLOW: new URL(issuer).host, RATE_LIMITS }),
)
const organization = '/organizations/bench'

const saved = await api('PUT', '/oidc', { issuer, client_id, client_secret })
const { test_url } = await api('POST', '/oidc/test')
const browser = new Client(origin)
const tested = await signIn(browser, test_url.slice(origin.length))
await browser.close()
if (tested.status !== 303) throw new Error(`the test login answered ${tested.status}: ${tested.text}`)
await api('POST', '/oidc/enable', { fingerprint: saved.candidate.fingerprint })

announce({ origin, login_path: `${organization}/oidc/login?return_to=/welcome`, session_cookie: 'rp_session_bench' })

async function api(method, path, body) {
  const response = await fetch(`${origin}/api${organization}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${config.admin_token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return response.json()
}
