/** Breadth first over everything that can happen, each state once: the first counter-example is a shortest one. */
import { connectionOf, perform, type Action, type Happened } from './actions.ts'
import { canonical } from './canonical.ts'
import { violations, type InvariantName } from './invariants.ts'
import { possible, sessionCookies } from './possible.ts'
import { forgetSetUp, type Alphabet, type Scene, type SetUp, type Whole } from './scenes.ts'
import { describe } from './traces.ts'
import { witnessed } from './ledger.ts'
import { browsers, emptyWorld, organizations, type World } from './world.ts'

export interface CounterExample {
  /** Every invariant that the last action broke, and how. */
  readonly broken: readonly { readonly invariant: InvariantName; readonly why: string }[]
  /** One line for each action, in order. */
  readonly trace: readonly string[]
}

export interface Explored {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly counter_example: CounterExample | null
  /** How often something happened that makes the exploration worth something. */
  readonly seen: Readonly<Record<string, number>>
}

interface Node {
  readonly world: World
  readonly line: string
  readonly parent: Node | null
}

/**
 * Explores a scene to the depth, or to the first counter-example.
 * @param watched the one invariant that is looked at; all of them when it is left out
 */
export async function explore(scene: Scene, depth: number, watched?: InvariantName): Promise<Explored> {
  const seen: Record<string, number> = {}
  const known = new Set<string>()
  let transitions = 0
  let reached = 0

  /** Takes one action from a node; a state that is new is looked at from every side. */
  async function advance(from: Node, action: Action, alphabet: Alphabet = scene.alphabet): Promise<Node> {
    const happened = witnessed(await perform(from.world, action, alphabet))
    transitions++
    count(seen, happened)
    hold(happened, from, watched)
    const node = { world: happened.after, line: describe(happened), parent: from }
    if (!known.has(canonical(node.world))) {
      for (const look of await observe(node.world, scene.alphabet)) {
        count(seen, look)
        hold(look, node, watched)
      }
    }
    return node
  }

  try {
    const root = await setUp(scene, advance)
    known.add(canonical(root.world))
    transitions = 0
    for (let frontier = [root]; reached < depth;) {
      const next: Node[] = []
      reached++
      for (const node of frontier) {
        for (const action of possible(node.world, scene.alphabet)) {
          const found = await advance(node, action)
          const key = canonical(found.world)
          if (known.has(key)) continue
          known.add(key)
          next.push(found)
        }
      }
      frontier = next
    }
    return { states: known.size, transitions, depth: reached, counter_example: null, seen }
  } catch (error) {
    if (!(error instanceof Found)) throw error
    return { states: known.size, transitions, depth: reached, counter_example: error.counter_example, seen }
  }
}

/** Thrown by the first thing that breaks an invariant. */
class Found extends Error {
  readonly counter_example: CounterExample
  constructor(counter_example: CounterExample) {
    super(counter_example.broken.map(({ invariant }) => invariant).join())
    this.counter_example = counter_example
  }
}

function hold(happened: Happened, from: Node, watched: InvariantName | undefined): void {
  const broken = violations(happened).filter(({ invariant }) => watched === undefined || invariant === watched)
  if (broken.length > 0) throw new Found({ broken, trace: [...linesOf(from), describe(happened)] })
}

/** Who the server says is signed in, for every browser that holds a session: it changes nothing. */
async function observe(world: World, alphabet: Alphabet): Promise<readonly Happened[]> {
  const looks: Action[] = browsers.flatMap((browser) =>
    sessionCookies(world, browser).flatMap((cookies) =>
      organizations
        .filter((organization) => Object.keys(cookies)[0]!.endsWith(`_${organization}`))
        .map((organization) => ({ do: 'whoami', browser, organization, cookies }) as const),
    ),
  )
  return Promise.all(looks.map((look) => perform(world, look, alphabet)))
}

function linesOf(node: Node): string[] {
  const lines: string[] = []
  for (let at: Node | null = node; at !== null; at = at.parent) lines.unshift(at.line)
  return lines.filter((line) => line !== '')
}

type Advance = (from: Node, action: Action, alphabet: Alphabet) => Promise<Node>

/** The world in which a scene begins, reached by the same actions as everything else and held to the same invariants. */
async function setUp({ before, alphabet }: Scene, advance: Advance): Promise<Node> {
  const atOnce = { ...alphabet, waitsToWrite: false }
  let node: Node = { world: emptyWorld, line: '', parent: null }
  for (const step of before)
    for (const action of actionsOf(step)) node = await advance(node, action(node.world), atOnce)
  return { world: forgetSetUp(node.world), line: '(set-up)', parent: null }
}

/** What a step of the set-up consists of, each action found in the world that the one before has left. */
function actionsOf(step: SetUp): readonly ((world: World) => Action)[] {
  if (!isWhole(step)) return [() => step]
  const { organization } = step
  const browser = 'victim'
  if (step.do === 'enable') {
    const input = (world: World) => connectionOf(world, organization)!.candidate!.fingerprint
    return [(world) => ({ do: 'command', organization, command: 'enable', input: input(world) })]
  }
  return [
    () => ({ do: step.do === 'prove' ? 'test' : 'start', browser, organization }),
    ({ ledger, codes }) => {
      const [state, { label }] = Object.entries(ledger.flows).at(-1)!
      const [code, { provider }] = Object.entries(codes).find(([name]) => name.endsWith(`-code.${label}`))!
      return { do: 'callback', browser, organization, code, state, iss: provider }
    },
    ({ pending }) => ({ do: 'answer', pending: pending[0]!.id, how: 'proper' }),
  ]
}

const isWhole = (step: SetUp): step is Whole => ['prove', 'enable', 'sign_in'].includes(step.do)

function count(seen: Record<string, number>, { action, before, after, handled }: Happened): void {
  const add = (name: string) => (seen[name] = (seen[name] ?? 0) + 1)
  if (Object.keys(after.ledger.sessions).length > Object.keys(before.ledger.sessions).length) add('sessions begun')
  if (after.ledger.sent.length > before.ledger.sent.length) add('codes sent')
  if (action.do === 'callback' && handled?.answered) add('callbacks refused')
  if (action.do === 'whoami' && handled?.answered?.status === 200) add('sessions served')
  if (action.do === 'whoami' && handled?.answered?.status === 401) add('sessions not served')
  if (handled?.answered?.code === 'store_unavailable') add('store failures')
}
