/** What `npm start` runs: the mock Okta and the server, set up for each other, with everything there is to paste. */
import { demoClient, startMockOkta } from '@relying-party/mock-idp'
import { readConfig, startServer } from '@relying-party/server'
import { dirname } from 'node:path'

try {
  const mockPort = portOf('MOCK_PORT', 9000)
  const port = portOf('PORT', 3000)
  const config = readConfig({
    OUTBOUND_ALLOW: `localhost:${mockPort}`,
    LOG_LEVEL: 'warn',
    ...process.env,
    PORT: String(port),
  })
  const organization = `${config.base_url ?? `http://localhost:${port}`}/organizations/acme`
  const registered = {
    ...demoClient,
    redirect_uris: [`${organization}/oidc/consume`],
    post_logout_redirect_uris: [`${organization}/oidc/logged-out`],
    initiate_login_uri: `${organization}/oidc/initiate`,
  }
  const idp = await startMockOkta({ port: mockPort, clients: [registered] })
  const server = await startServer(config)
  await createOrganization(server, 'acme')
  const [client] = idp.clients
  const [user] = idp.users
  process.stdout.write(`
  Settings page   ${organization}/settings/sso
  Admin token     ${server.config.admin_token}

  Paste there     Issuer         ${idp.issuer}
                  Client ID      ${client.client_id}
                  Client Secret  ${client.client_secret}

  Demo user       ${user.login}   password   ${user.password}
  Members start   ${organization}/oidc/login

  Ctrl-C stops. ${whatStays(config)}
`)
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      void Promise.all([server.close(), idp.close()]).then(() => process.exit(0))
    })
  }
} catch (error) {
  const busy =
    error?.code === 'EADDRINUSE' ? `Port ${error.port} is in use. Set PORT or MOCK_PORT to a free one.` : null
  process.stderr.write(`${busy ?? error?.message ?? error}\n`)
  process.exit(1)
}

/** It is there from the first start on, with nothing entered yet. */
async function createOrganization({ app, config }, id) {
  const headers = { authorization: `Bearer ${config.admin_token}` }
  const url = `/api/organizations/${id}/oidc`
  const { statusCode } = await app.inject({ url, headers })
  if (statusCode === 404) await app.inject({ method: 'PUT', url: `${url}/policy`, headers, payload: {} })
}

/** Never the URL itself, which may hold a password. */
function whatStays({ store_url }) {
  if (store_url === 'memory:') return 'Nothing is kept.'
  const place = store_url.startsWith('sqlite:') ? dirname(store_url.slice('sqlite:'.length)) : 'PostgreSQL'
  return `Data stays in ${place}.`
}

/** The addresses are registered and printed before anybody listens: a port of 0, any free one, would be too late. */
function portOf(name, otherwise) {
  const port = Number(process.env[name] || otherwise)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(`${name} is "${process.env[name]}". It must be a port from 1 to 65535.`)
}
