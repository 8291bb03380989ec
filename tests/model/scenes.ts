/**
 * The instances of the model: from which world, with which happenings and to which depth. One instance with everything
 * in it stays shallow; the others take one subject each and go as deep as it takes.
 */
import type { Json } from '@relying-party/core'
import type { Action } from './actions.ts'
import type { Answer } from './providers.ts'
import { issuerOf, type Browser, type Organization, type World } from './world.ts'

/** What may happen in a scene. */
export interface Alphabet {
  readonly browsers: readonly Browser[]
  /** Organizations where people sign in, and those whose administrators act. */
  readonly visited: readonly Organization[]
  readonly administered: readonly Organization[]
  /** Flows that a browser, and that all together, may start. */
  readonly tabs: number
  readonly flows: number
  /** Whether callbacks come with any code, any state, any `iss`, to any organization and from any browser. */
  readonly strays: boolean
  readonly answers: readonly Answer[]
  readonly crashes: boolean
  readonly faults: boolean
  /** Whether other things happen between reading a connection and writing it. */
  readonly waitsToWrite: boolean
  readonly commands: readonly string[]
  readonly edits: Partial<Record<Organization, readonly Json[]>>
  /** To be staged; null takes a staged one back. */
  readonly secrets: readonly (string | null)[]
  readonly waits: readonly number[]
  readonly happenings: readonly ('rotate_keys' | 'retire_secret' | 'publish' | 'logout')[]
}

export interface Scene {
  readonly about: string
  /** What has happened before, from an empty world. */
  readonly before: readonly SetUp[]
  readonly alphabet: Alphabet
  /** Actions that follow each other in every test run, and in `pnpm model`. */
  readonly depth: number
  readonly deep: number
}

/** A step of a set-up: an action, the victim's test and the switch, or the victim's login. */
export type SetUp = Action | Whole
export interface Whole {
  readonly do: 'prove' | 'enable' | 'sign_in'
  readonly organization: Organization
}

const settings = {
  acme: { issuer: issuerOf('honest'), client_id: 'acme-client', client_secret: 'acme-secret-1' },
  acme_other_client: { issuer: issuerOf('honest'), client_id: 'acme-client-2' },
  acme_at_rogue: { issuer: issuerOf('rogue'), client_id: 'acme-client' },
  acme_at_rogue_with_secret: { issuer: issuerOf('rogue'), client_id: 'acme-client', client_secret: 'rogue-secret' },
  evil: { issuer: issuerOf('rogue'), client_id: 'evil-client', client_secret: 'evil-secret' },
  evil_as_acme: { issuer: issuerOf('honest'), client_id: 'acme-client', client_secret: 'mallory-secret' },
  evil_at_honest: { issuer: issuerOf('honest'), client_id: 'mallory-client', client_secret: 'mallory-secret' },
} as const

const command = (organization: Organization, name: string, input: Json = null) =>
  ({ do: 'command', organization, command: name, input }) as const
const serving = (organization: Organization, how: Json = settings[organization]): readonly SetUp[] => [
  command(organization, 'save', how),
  { do: 'prove', organization },
  { do: 'enable', organization },
]
const acmeServes = serving('acme')
const bothServe = [...serving('acme'), ...serving('evil')]

/** Nothing at all; scenes add what they are about. */
const quiet: Alphabet = {
  browsers: ['victim'],
  visited: ['acme'],
  administered: [],
  tabs: 2,
  flows: 2,
  strays: false,
  answers: ['proper'],
  crashes: false,
  faults: false,
  waitsToWrite: false,
  commands: [],
  edits: {},
  secrets: [],
  waits: [],
  happenings: [],
}

const ordinary = ['save', 'test', 'enable', 'disable', 'discard', 'delete']

export const scenes = {
  everything: {
    about: 'both organizations, both browsers, every happening at once',
    before: bothServe,
    alphabet: {
      browsers: ['victim', 'attacker'],
      visited: ['acme', 'evil'],
      administered: ['acme', 'evil'],
      tabs: 2,
      flows: 4,
      strays: true,
      answers: [
        'proper',
        'unavailable',
        'other_audience',
        'other_nonce',
        'expired',
        'forged',
        'as_honest',
        'replayed',
        'refuses_client',
      ],
      crashes: true,
      faults: false,
      waitsToWrite: false,
      commands: [...ordinary, 'stage_secret'],
      edits: {
        acme: [settings.acme_other_client, settings.acme_at_rogue],
        evil: [settings.evil_as_acme],
      },
      secrets: ['acme-secret-2'],
      waits: [899, 2],
      happenings: ['rotate_keys', 'retire_secret', 'publish', 'logout'],
    },
    depth: 2,
    deep: 3,
  },
  mix_up: {
    about: 'an attacker with a browser, an organization and a provider of their own; any code, state and iss anywhere',
    before: bothServe,
    alphabet: {
      ...quiet,
      browsers: ['victim', 'attacker'],
      visited: ['acme', 'evil'],
      strays: true,
      answers: ['proper', 'as_honest', 'other_nonce', 'other_audience', 'forged', 'replayed'],
    },
    depth: 4,
    deep: 4,
  },
  discovery: {
    about: 'an attacker whose provider publishes parts of the honest one as its own, and answers as it likes',
    before: bothServe,
    alphabet: {
      ...quiet,
      visited: ['acme', 'evil'],
      answers: ['proper', 'as_honest', 'other_nonce', 'replayed', 'refuses_client'],
      happenings: ['publish', 'rotate_keys'],
    },
    depth: 5,
    deep: 5,
  },
  life: {
    about: 'edit, test, enable, disable, discard, delete and make anew, around logins and tests under way',
    before: acmeServes,
    alphabet: {
      ...quiet,
      administered: ['acme'],
      commands: ordinary,
      edits: {
        acme: [settings.acme, settings.acme_other_client, settings.acme_at_rogue, settings.acme_at_rogue_with_secret],
      },
    },
    depth: 5,
    deep: 6,
  },
  beginning: {
    about: 'an organization that has entered nothing yet',
    before: [],
    alphabet: {
      ...quiet,
      administered: ['acme'],
      commands: ordinary,
      edits: { acme: [settings.acme, settings.acme_at_rogue_with_secret] },
    },
    depth: 6,
    deep: 6,
  },
  same_issuer: {
    about: 'two organizations at one provider, with the same people',
    before: [...acmeServes, ...serving('evil', settings.evil_at_honest), { do: 'sign_in', organization: 'acme' }],
    alphabet: {
      ...quiet,
      browsers: ['victim', 'attacker'],
      visited: ['acme', 'evil'],
      administered: ['evil'],
      commands: ['disable', 'enable', 'delete'],
      happenings: ['logout'],
    },
    depth: 4,
    deep: 4,
  },
  made_anew: {
    about: 'a session from a connection that was deleted and made anew, with the same settings',
    before: [...acmeServes, { do: 'sign_in', organization: 'acme' }, command('acme', 'delete'), ...acmeServes],
    alphabet: { ...quiet, administered: ['acme'], commands: ['disable', 'enable', 'delete'] },
    depth: 4,
    deep: 6,
  },
  another_issuer: {
    about: 'a session from a provider that another one is about to replace',
    before: [
      ...acmeServes,
      { do: 'sign_in', organization: 'acme' },
      command('acme', 'save', settings.acme_at_rogue_with_secret),
      { do: 'prove', organization: 'acme' },
    ],
    alphabet: { ...quiet, administered: ['acme'], commands: ['disable', 'enable', 'discard'] },
    depth: 4,
    deep: 6,
  },
  rotation: {
    about: 'a second client secret: staged, taken back, replaced and promoted, while the provider retires the first',
    before: [...acmeServes, command('acme', 'stage_secret', 'acme-secret-2'), { do: 'retire_secret' }],
    alphabet: {
      ...quiet,
      administered: ['acme'],
      answers: ['proper', 'unavailable'],
      commands: ['stage_secret', 'save', 'disable', 'enable'],
      edits: { acme: [settings.acme_other_client] },
      secrets: ['acme-secret-3', null],
    },
    depth: 6,
    deep: 7,
  },
  time: {
    about: 'time that passes, keys that rotate, and logout tokens before and after the callback',
    before: acmeServes,
    alphabet: {
      ...quiet,
      administered: ['acme'],
      answers: ['proper', 'expired'],
      commands: ['disable', 'enable'],
      waits: [899, 2],
      happenings: ['rotate_keys', 'logout'],
    },
    depth: 5,
    deep: 6,
  },
  storage: {
    about: 'every storage operation failing, carried out or not, and instances that crash',
    before: acmeServes,
    alphabet: {
      ...quiet,
      tabs: 1,
      administered: ['acme'],
      answers: ['proper', 'unavailable'],
      crashes: true,
      faults: true,
      commands: ordinary,
      edits: { acme: [settings.acme, settings.acme_other_client] },
      happenings: ['logout'],
    },
    depth: 4,
    deep: 4,
  },
  two_admins: {
    about: 'two administrators and a test that ends, each between reading and writing',
    before: [...acmeServes, command('acme', 'save', settings.acme_other_client)],
    alphabet: {
      ...quiet,
      tabs: 1,
      administered: ['acme'],
      waitsToWrite: true,
      commands: [...ordinary, 'stage_secret'],
      edits: { acme: [settings.acme, settings.acme_at_rogue] },
      secrets: ['acme-secret-2'],
    },
    depth: 4,
    deep: 5,
  },
} as const satisfies Record<string, Scene>

export type SceneName = keyof typeof scenes

/** The world without the flows of the set-up, and with nothing learnt about the providers. */
export function forgetSetUp(world: World): World {
  const ledger = { ...world.ledger, flows: {}, sent: [], sessions: {} }
  return { ...world, era: 1, learnt: {}, codes: {}, ledger, records: { ...world.records, claims: {} } }
}
