/** Explores every scene and hunts every mutant, in two threads: what `pnpm model` prints and the test asserts. */
import { Worker } from 'node:worker_threads'
import type { Patch } from '../../conformance/mutations.ts'
import type { Explored } from './explorer.ts'
import type { InvariantName } from './invariants.ts'
import { mutants, type Mutant } from './mutants.ts'
import { scenes, type Scene, type SceneName } from './scenes.ts'

/** The time of the processor that it took is for people to see; nothing is decided by it. */
export type Timed = Explored & { readonly milliseconds: number }

export interface Checked {
  readonly scenes: readonly { readonly scene: SceneName; readonly explored: Timed }[]
  readonly mutants: readonly { readonly mutant: Mutant; readonly explored: Timed }[]
}

interface Job {
  readonly scene: SceneName
  readonly depth: number
  readonly patches: readonly Patch[]
  /** The one invariant that is looked at; all of them when it is left out. */
  readonly breaks?: InvariantName
}

export interface Wanted {
  /** How deep to explore a scene; as every test run does by default. */
  readonly depthOf?: (scene: Scene) => number
  /** Only scenes and mutants with this in their name. */
  readonly only?: string
  /** Hears of everything that is done, as soon as it is. */
  readonly progress?: (name: string, explored: Timed) => void
}

export async function check({ depthOf = ({ depth }) => depth, only = '', progress }: Wanted = {}): Promise<Checked> {
  const crew = new Crew(2)
  try {
    const run = async (name: string, job: Job) => {
      const explored = await crew.run(job)
      progress?.(name, explored)
      return explored
    }
    const named = (Object.keys(scenes) as SceneName[]).filter((scene) => scene.includes(only))
    const hunted = mutants.filter(({ lacks }) => lacks.includes(only))
    const [explored, caught] = await Promise.all([
      Promise.all(
        named.map(async (scene) => ({
          scene,
          explored: await run(scene, { scene, depth: depthOf(scenes[scene]), patches: [] }),
        })),
      ),
      Promise.all(
        hunted.map(async (mutant) => ({
          mutant,
          explored: await run(`without: ${mutant.lacks}`, { ...mutant, depth: scenes[mutant.scene].depth }),
        })),
      ),
    ])
    return { scenes: explored, mutants: caught }
  } finally {
    await crew.dismiss()
  }
}

/** Threads that take one job after the other. */
class Crew {
  readonly #idle: Worker[]
  readonly #all: readonly Worker[]
  readonly #waiting: ((worker: Worker) => void)[] = []

  constructor(size: number) {
    const execArgv = ['--disable-warning=ExperimentalWarning']
    this.#all = Array.from({ length: size }, () => new Worker(new URL('worker.mjs', import.meta.url), { execArgv }))
    this.#idle = [...this.#all]
  }

  async run(job: Job): Promise<Timed> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)))
    try {
      return await new Promise<Timed>((resolve, reject) => {
        worker.removeAllListeners()
        worker.once('message', resolve)
        worker.once('error', reject)
        worker.postMessage(job)
      })
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#idle.push(worker)
      else next(worker)
    }
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()))
  }
}
