#!/usr/bin/env node
/** `relying-party-server`: configuration from the environment, a clean stop on SIGINT and SIGTERM. */
import { ConfigError, readConfig } from './config.ts'
import { startServer } from './start.ts'

try {
  const server = await startServer(readConfig(process.env))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.close().then(() => process.exit(0)))
  }
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
  process.exit(1)
}
