/** Every fault of the mock's catalogue: the check that says so, who can fix it and how; and the record replays. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failures, nearMisses, replaysIdentically, type FailureCode, type NearMissId } from '@relying-party/core'
import { describeFaults } from '@relying-party/mock-idp'
import { faultVerdicts, logoutVerdicts } from './fault-verdicts.ts'
import { openBench, type Bench } from './faulty-login.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench()
})
afterAll(() => bench.close())

/** Where a fault of every message strikes, and how long a slow one takes: longer than the client waits. */
const optionsFor = (fault: string) => ({
  ...(fault.startsWith('transport.') && { endpoint: 'token' as const }),
  ...(fault.endsWith('.slow') && { value: 1500 }),
})

test.each(Object.entries(faultVerdicts))('%s', async (fault, said) => {
  const { transcript, explanation } = await bench.play(fault, optionsFor(fault))
  const { cause, checks } = explanation
  const { verdict } = transcript
  expect(verdict.outcome).toBe(said?.outcome === 'refused' ? 'failed' : 'authenticated')
  expect(await replaysIdentically(transcript)).toBe(true)
  if (said?.outcome !== 'refused') expect(checks.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  if (said === null) return expect(checks.filter(({ outcome }) => outcome === 'warned')).toEqual([])

  const found = said.outcome === 'refused' ? cause! : checks.find(({ outcome }) => outcome === 'warned')!
  const { remedy } = nearMisses[said.what as NearMissId] ?? failures[said.what as FailureCode]
  expect(found).toMatchObject({ id: said.check, problem: { blame: said.blame, remedy } })
  expect(found.problem!.near_miss ?? found.problem!.code).toBe(said.what)
  if (verdict.outcome === 'failed') expect(cause!.problem!.code).toBe(verdict.failure.code)
})

test.each(Object.entries(logoutVerdicts))('%s', async (fault, said) => {
  const failure = await bench.logout(fault)
  if (said === null) return expect(failure).toBeNull()
  const { code, reason } = said
  expect(failure).toMatchObject({ code, ...(reason !== undefined && { detail: { reason } }) })
  const { blame, remedy } = failures[failure!.code]
  expect([blame, remedy]).toEqual([said.blame, expect.stringMatching(/provider/)])
})

test('no fault of the catalogue is without a verdict, save for those of what follows a login', () => {
  const known = { ...faultVerdicts, ...logoutVerdicts }
  const missing = describeFaults().filter(({ name }) => !Object.hasOwn(known, name))
  expect(missing.map(({ name }) => name.split('.')[0])).toEqual(
    missing.map(({ name }) => (name.startsWith('end_session.') ? 'end_session' : 'backchannel_logout')),
  )
})

test('what the catalogue calls an offence is refused, and what it calls none is not', () => {
  for (const { name, expect: expected } of describeFaults()) {
    const said = faultVerdicts[name]
    if (said === undefined) continue
    if (expected === 'reject') expect(said?.outcome, name).toBe('refused')
    if (expected === 'accept') expect(said?.outcome, name).not.toBe('refused')
  }
})
