#!/usr/bin/env node
/** `relying-party`: what an operator or a developer does from the command line. Exit codes are for scripts. */
import { disable } from './disable.ts'
import { doctor } from './doctor.ts'
import { explainFile } from './explain.ts'
import { replayFile } from './replay.ts'
import { UsageError } from './usage.ts'

const help = `relying-party: sign-ins explained and replayed, providers examined, SSO switched off in an emergency

  relying-party explain FILE [--json]            the story of a recorded login
                                                 exit 0: it succeeded, 1: it was refused
  relying-party replay FILE [--with NAME=VALUE]  runs it again, offline
                                                 exit 0: the same verdict, 1: another one
                                                 with --with: 0: it would have succeeded, 1: it would not
                                                 (issuer, client_id, client_auth, response_mode, userinfo, id_token_alg,
                                                 max_age, acr_values, clock_tolerance, allowed_email_domains, default_role)
  relying-party doctor ISSUER [--json]           examines a provider from outside
                                                 exit 0: usable, 1: not
  relying-party disable ORGANIZATION             stops SSO for an organization, straight in the store, with the server's
                                                 environment (STORE_URL, SECRET_KEYS …): for when the provider is down
                                                 and nobody gets in

FILE is a transcript (GET /api/organizations/:id/attempts/:attempt_id/transcript), or - for standard input.
Exit 2: the command could not be carried out.
`

const commands: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  explain: explainFile,
  replay: replayFile,
  doctor,
  disable,
}

const [name = 'help', ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined) {
  const isHelp = ['help', '--help', '-h'].includes(name)
  ;(isHelp ? process.stdout : process.stderr).write(isHelp ? help : `There is no command ${name}.\n\n${help}`)
  process.exitCode = isHelp ? 0 : 2
} else {
  try {
    process.exitCode = await command(args)
  } catch (error) {
    process.stderr.write(`${error instanceof UsageError ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
}
