#!/usr/bin/env node
/** `mock-okta`: one mock in the foreground. Prints what a person needs to type elsewhere, and nothing more. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { demoClient } from './demo.ts'
import type { MockOktaOptions } from './options.ts'
import { startMockOkta } from './start.ts'
import { welcome } from './welcome.ts'

const usage = `Usage: mock-okta [--redirect-uri URI] [--auto-login user] [--port 9000] [--host 127.0.0.1] [--seed n] [--config file.json]

  --redirect-uri  where your relying party takes the authorization response; several times for several
  --auto-login    everyone signs in as this user, without a page
  --port          where to listen; 0 takes any free port (default 9000)
  --host          the address to listen on (default 127.0.0.1, also reachable as localhost)
  --seed          the same seed gives the same codes and tokens
  --config        a JSON file with options: clients, users, faults … (see the README); the flags go before it

Beyond loopback, /_mock/* needs a token: set MOCK_OKTA_CONTROL_TOKEN.`

try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(usage)
  } else {
    const mock = await startMockOkta(options)
    console.log(welcome(mock))
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void mock.close().then(() => process.exit(0)))
    }
  }
} catch (error) {
  console.error(`mock-okta: ${sentence(error)}`)
  process.exitCode = 1
}

/** The options of the command line over those of the file; `undefined` when only help is wanted. */
function readOptions(args: string[]): MockOktaOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      config: { type: 'string' },
      seed: { type: 'string' },
      'redirect-uri': { type: 'string', multiple: true },
      'auto-login': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return undefined
  const { MOCK_OKTA_CONTROL_TOKEN: control_token } = process.env
  const config = values.config === undefined ? {} : readConfig(values.config)
  const [client = demoClient, ...others] = config.clients ?? []
  return {
    port: 9000,
    ...(control_token !== undefined && { control_token }),
    ...config,
    ...(values['redirect-uri'] !== undefined && {
      clients: [{ ...client, redirect_uris: values['redirect-uri'] }, ...others],
    }),
    ...(values.port !== undefined && { port: readPort(values.port) }),
    ...(values.host !== undefined && { host: values.host }),
    ...(values.seed !== undefined && { seed: values.seed }),
    ...(values['auto-login'] !== undefined && { auto_login: values['auto-login'] }),
  }
}

function readConfig(file: string): MockOktaOptions {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text) as MockOktaOptions
  } catch (cause) {
    throw new Error(`${file} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError(`--port ${text} is not a port`)
  return port
}

function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `the port is taken by another program; choose one with --port (${message})`
  return message
}
