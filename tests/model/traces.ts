/** Actions as a person reads them. */
import { connectionOf, type Happened } from './actions.ts'
import type { World } from './world.ts'

export function describe({ action, before, handled }: Happened): string {
  const answer = handled === null ? '' : handled.waiting ? ' … waits' : ` → ${outcome(handled.answered!)}`
  const fault =
    'fault' in action && action.fault ? ` (storage operation ${action.fault.at + 1} ${action.fault.kind})` : ''
  return `${words(action, before)}${fault}${answer}`
}

function outcome({ status, code }: { readonly status: number; readonly code: string | null }): string {
  return code ?? String(status)
}

function words(action: Happened['action'], world: World): string {
  const label = (state: string) => world.ledger.flows[state]?.label ?? 'unknown'
  const named = (pending: string) => pending.replace(/^callback (\S+) (\S+) (\S+) \S+ \d+/, 'callback with $3')
  switch (action.do) {
    case 'start':
      return `${action.browser} starts a login at ${action.organization}`
    case 'test':
      return `${action.browser} opens a test of ${action.organization}`
    case 'callback':
      return `${action.browser} comes to ${action.organization} with ${action.code}, state of ${label(action.state)}, iss ${action.iss ?? 'absent'}`
    case 'answer':
      return `the token endpoint answers the ${named(action.pending)}: ${action.how}`
    case 'write':
      return `${named(action.pending)} goes on to write`
    case 'crash':
      return `the instance that handles the ${named(action.pending)} crashes`
    case 'command':
      return `${action.organization}: ${action.command} ${argument(action, world)}`.trim()
    case 'logout':
      return `a logout token for ${action.organization} about ${action.sub}, iss ${action.iss}, signed by ${action.by}`
    case 'wait':
      return `${action.seconds} seconds pass`
    case 'rotate_keys':
      return 'the honest provider rotates its keys'
    case 'retire_secret':
      return 'the honest provider retires the first secret'
    case 'publish':
      return `the rogue provider publishes: ${action.document}`
    case 'whoami':
      return `${action.browser} asks ${action.organization} who is signed in`
  }
}

function argument(
  { organization, command, input }: Extract<Happened['action'], { do: 'command' }>,
  world: World,
): string {
  if (command !== 'enable') return input === null ? '' : typeof input === 'string' ? input : JSON.stringify(input)
  const connection = connectionOf(world, organization)
  const which = (['candidate', 'live', 'previous'] as const).find((name) => connection?.[name]?.fingerprint === input)
  return which ?? 'another fingerprint'
}
