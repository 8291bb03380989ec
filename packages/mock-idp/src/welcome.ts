/** What a person needs to know of a mock that has just started. */
import type { MockOkta } from './start.ts'

/** Issuer, client and user of a mock, in a few lines to copy from. */
export function welcome({ issuer, customIssuer, clients, users }: MockOkta): string {
  const [client] = clients
  const [user] = users
  const lines: [string, string | undefined][] = [
    ['Issuer', issuer],
    ['Custom issuer', customIssuer],
    ['Client ID', client?.client_id],
    ['Client secret', client?.client_secret],
    ['Redirect URI', client?.redirect_uris.join(`\n${' '.repeat(17)}`)],
    ['Sign in as', user && `${user.login} / ${user.password}`],
    ['Faults', `${issuer}/_mock/faults`],
  ]
  return ['Mock Okta, for tests only', '']
    .concat(lines.filter(([, value]) => value !== undefined).map(([name, value]) => `  ${name.padEnd(15)}${value}`))
    .join('\n')
}
