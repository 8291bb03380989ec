/** Each record that is kept still replays to the same bytes, and still says the same. */
import { expect, test } from 'vitest'
import { openBench } from './faulty-login.ts'
import { expectRefusal, keepIfWanted, keptNames, readKept, refusals, wantedNames, type Kept } from './kept.ts'

const faults = wantedNames().filter((name) => !name.startsWith('e2e.'))
if (faults.length > 0) {
  const bench = await openBench()
  for (const fault of faults) keepIfWanted(fault, (await bench.play(fault)).transcript)
  await bench.close()
}

test.each(Object.keys(refusals) as Kept[])('%s', (name) => expectRefusal(name, readKept(name)))

test('each has a row', () => {
  expect(keptNames().sort()).toEqual(Object.keys(refusals).sort())
})
