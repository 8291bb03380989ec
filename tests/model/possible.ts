/** What can happen next in a world, within the alphabet of its scene. */
import type { Json } from '@relying-party/core'
import { connectionOf, type Action } from './actions.ts'
import { honestAnswers, rogueAnswers } from './providers.ts'
import type { Alphabet } from './scenes.ts'
import {
  organizations,
  providerAt,
  rogueDocuments,
  type Browser,
  type Organization,
  type Pending,
  type World,
} from './world.ts'

export function* possible(world: World, alphabet: Alphabet): Generator<Action> {
  yield* inBrowsers(world, alphabet)
  for (const pending of world.pending) yield* goingOn(world, pending, alphabet)
  for (const organization of alphabet.administered) yield* administration(world, organization, alphabet)
  yield* elsewhere(world, alphabet)
}

function* inBrowsers(world: World, alphabet: Alphabet): Generator<Action> {
  const { flows } = world.ledger
  const states = Object.entries(flows)
  for (const browser of alphabet.browsers) {
    for (const organization of alphabet.visited) {
      const mine = states.filter(([, flow]) => flow.browser === browser)
      if (mine.length >= alphabet.tabs || states.length >= alphabet.flows) continue
      if (connectionOf(world, organization)?.live) yield { do: 'start', browser, organization }
    }
  }
  for (const browser of alphabet.browsers) {
    for (const organization of alphabet.visited) {
      for (const [state, flow] of states) {
        for (const [code, issued] of Object.entries(world.codes)) {
          const own = code.endsWith(`.${flow.label}`)
          if (!alphabet.strays && !(own && flow.browser === browser && flow.organization_id === organization)) continue
          for (const iss of alphabet.strays ? (['honest', 'rogue', null] as const) : [issued.provider, null]) {
            yield* withFaults(world, alphabet, { do: 'callback', browser, organization, code, state, iss })
          }
        }
      }
    }
  }
}

function* goingOn(world: World, { id, waits_for }: Pending, alphabet: Alphabet): Generator<Action> {
  if (alphabet.crashes) yield { do: 'crash', pending: id }
  if ('write' in waits_for) {
    yield* withFaults(world, alphabet, { do: 'write', pending: id })
    return
  }
  const answers = providerAt(waits_for.token.url) === 'honest' ? honestAnswers : rogueAnswers
  for (const how of answers) {
    if (alphabet.answers.includes(how)) yield* withFaults(world, alphabet, { do: 'answer', pending: id, how })
  }
}

function* administration(world: World, organization: Organization, alphabet: Alphabet): Generator<Action> {
  const connection = connectionOf(world, organization)
  const waiting = world.pending.filter(({ waits_for }) => 'write' in waits_for).length
  if (waiting >= 2) return
  const command = function* (name: string, input: Json = null): Generator<Action> {
    if (!alphabet.commands.includes(name)) return
    yield* withFaults(world, alphabet, { do: 'command', organization, command: name, input })
  }
  for (const edit of alphabet.edits[organization] ?? []) yield* command('save', edit)
  if (connection === null) return
  yield* command('disable')
  yield* command('discard')
  yield* command('delete')
  const { candidate, live, previous } = connection
  const flows = Object.keys(world.ledger.flows).length
  if (alphabet.commands.includes('test') && candidate !== null && flows < alphabet.flows) {
    yield { do: 'test', browser: alphabet.browsers[0]!, organization }
  }
  const fingerprints = new Set([candidate, live, previous].flatMap((one) => one?.fingerprint ?? []))
  for (const fingerprint of fingerprints) yield* command('enable', fingerprint)
  if (live !== null) for (const secret of alphabet.secrets) yield* command('stage_secret', secret)
}

function* elsewhere(world: World, alphabet: Alphabet): Generator<Action> {
  const { happenings } = alphabet
  for (const seconds of alphabet.waits) yield { do: 'wait', seconds }
  if (happenings.includes('rotate_keys') && world.honest.generation < 2) yield { do: 'rotate_keys' }
  if (happenings.includes('retire_secret') && !world.honest.retired) yield { do: 'retire_secret' }
  if (happenings.includes('publish')) {
    for (const document of rogueDocuments) if (document !== world.rogue.document) yield { do: 'publish', document }
  }
  if (happenings.includes('logout')) {
    for (const by of ['honest', 'rogue'] as const) {
      for (const organization of alphabet.visited) {
        for (const sub of alphabet.browsers) {
          yield* withFaults(world, alphabet, { do: 'logout', by, iss: 'honest', organization, sub })
        }
      }
    }
  }
  for (const cookies of alphabet.faults ? sessionCookies(world, 'victim') : []) {
    const asked = { do: 'whoami', browser: 'victim', organization: 'acme', cookies } as const
    if (world.faults === 0) for (let at = 0; at < 4; at++) yield { ...asked, fault: { at, kind: 'refused' } }
  }
}

/** The action, and the same with each of its first storage operations failing; one fault is enough for a trace. */
function* withFaults<A extends Action>(world: World, alphabet: Alphabet, action: A): Generator<A> {
  yield action
  if (!alphabet.faults || world.faults > 0) return
  for (let at = 0; at < 5; at++) {
    for (const kind of ['refused', 'lost'] as const) yield { ...action, fault: { at, kind } }
  }
}

/** Every way in which this browser can present itself to an organization with a session that it holds. */
export function sessionCookies(world: World, browser: Browser): readonly Readonly<Record<string, string>>[] {
  const held = Object.entries(world.cookies[browser]).filter(([name]) => name.startsWith('__Host-rp_session_'))
  const named = (organization: string) => `__Host-rp_session_${organization}`
  // The attacker may rename the cookies of the attacker's own browser.
  return held.flatMap(([name, value]) =>
    browser === 'attacker'
      ? organizations.map((organization) => ({ [named(organization)]: value }))
      : [{ [name]: value }],
  )
}
