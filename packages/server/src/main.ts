#!/usr/bin/env node
/** `relying-party-server`: configuration from the environment, a clean stop on SIGINT and SIGTERM. */
import { ConfigError, readConfig } from './config.ts'
import { longest_stop_ms, startServer } from './start.ts'

if (process.argv.length > 2) {
  process.stderr.write(
    'relying-party-server takes no arguments: it is configured by the environment (PORT, BASE_URL, STORE_URL, OUTBOUND_ALLOW …), see its README.\n',
  )
  process.exit(2)
}

try {
  const config = readConfig(process.env)
  const server = await startServer(config)
  if (config.admin_token === null) {
    const { admin_token } = server.config
    process.stdout.write(
      `Settings pages: ${server.base_url}/organizations/<id>/settings/sso\nAdmin token (made for development): ${admin_token}\n`,
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), longest_stop_ms).unref()
      void server.close().then(() => process.exit(0))
    })
  }
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
  process.exit(1)
}
