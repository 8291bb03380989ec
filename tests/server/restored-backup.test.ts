/** A backup of the store that is restored: what it brings back, and why nobody can use again what was used since. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { defaultTolerances, type Store } from '@relying-party/core'
import { openStore } from '@relying-party/server'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { createWorld, type World } from '../support/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'restored-backup-'))
const [file, backup] = [join(directory, 'store.sqlite'), join(directory, 'backup.sqlite')]
const guide = readFileSync(new URL('../../docs/production.md', import.meta.url), 'utf8')
const open = () => openStore(`sqlite:${file}`, { now: () => world.clock.now })
let store: Store
let world: World

beforeAll(async () => {
  // Whatever is asked of the store is asked of the one that is open: a restore opens another.
  const wrapStore = () =>
    new Proxy({} as Store, {
      get: (_, name: keyof Store) => (store[name] as (...args: unknown[]) => unknown).bind(store),
    })
  store = await open()
  world = await createWorld({ wrapStore })
  await world.enable()
})
beforeEach(() => {
  world.idp.requests.clear()
  rmSync(backup, { force: true })
})
afterAll(async () => {
  await world.close()
  rmSync(directory, { recursive: true })
})

function onFile(path: string, statement: string): void {
  const db = new DatabaseSync(path)
  db.exec(statement)
  db.close()
}
const backUp = () => onFile(file, `VACUUM INTO '${backup}'`)
/** As docs/production.md says, or without its first step. */
async function restore({ sessions }: { sessions: 'emptied' | 'kept' }): Promise<void> {
  await store.close()
  for (const rest of ['', '-wal', '-shm']) rmSync(file + rest, { force: true })
  copyFileSync(backup, file)
  const [condition] = /(?<=`DELETE FROM relying_party )WHERE key LIKE '[a-z]+:%'(?=`)/.exec(guide)!
  if (sessions === 'emptied') onFile(file, `DELETE FROM records ${condition}`)
  store = await open()
}

/** A response that was used after the backup, and the browser of before: its flow is at hand, its claim is lost. */
async function usedSince(): Promise<[url: URL, before: UserAgent]> {
  const agent = new UserAgent()
  const url = await world.callback('acme', agent)
  backUp()
  const before = agent.copy()
  await agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
  expect(await world.session(agent)).not.toBeNull()
  expect(codeOf(await before.copy().visit(url))).toBe('flow_already_used')
  return [url, before]
}
const tokenAnswers = () => world.idp.requests.of('token').map(({ response }) => response.status)

test('a response that was used, within the life of its flow: its provider takes the code once, nobody is signed in (#276)', async () => {
  const [url, before] = await usedSince()
  await restore({ sessions: 'kept' })
  const visit = await before.visit(url)
  expect([visit.status, codeOf(visit), await world.session(before)]).toEqual([400, 'token_invalid_grant', null])
  expect(tokenAnswers()).toEqual([200, 400])
  // From now on it is claimed as ever.
  expect(codeOf(await before.visit(url))).toBe('flow_not_found')
})

test('a response that was used, after the sixteen minutes that the guide waits: refused without asking the provider (#276)', async () => {
  const [url, before] = await usedSince()
  await restore({ sessions: 'kept' })
  const [, minutes] = /Keep the replicas stopped for (\d+) minutes/.exec(guide)!
  const began = world.clock.now
  world.clock.now += Number(minutes) * 60
  const [visit, session] = [await before.visit(url), await world.session(before)]
  world.clock.now = began
  expect([visit.status, codeOf(visit), session]).toEqual([400, 'flow_expired', null])
  expect(tokenAnswers()).toEqual([200])
  expect(Number(minutes) * 60).toBeGreaterThan(defaultTolerances.flow)
})

test.each([
  ['the sessions that the guide empties: it stays over', 'emptied', false],
  ['only the copy: it is back, which is why the guide empties them', 'kept', true],
] as const)('a session that was signed out since, restored with %s (#276)', async (_, sessions, isBack) => {
  const agent = new UserAgent()
  await world.login('acme', agent)
  backUp()
  const thief = agent.copy()
  await agent.visit(`${world.organization()}/oidc/logout`, {
    method: 'POST',
    until: ({ pathname }) => pathname.endsWith('/logged-out'),
  })
  expect(await world.session(thief)).toBeNull()
  await restore({ sessions })
  expect((await world.session(thief)) !== null).toBe(isBack)
  expect((await world.connection()).status).toBe('enabled')
})
