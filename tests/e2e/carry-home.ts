/** What an administrator does with a failure that nobody here understands: downloads its transcript, and takes it elsewhere. */
import { expect } from 'vitest'
import { expectRefusal, keepIfWanted, type Kept } from '../explain/kept.ts'
import type { World } from '../support/world.ts'

/** Takes the transcript of the last attempt from the running server: it replays, and says what its row says. */
export async function carryHome(world: World, name: Kept, organization_id = 'acme'): Promise<void> {
  const { attempt_id } = await world.lastAttempt(organization_id)
  const path = `/organizations/${organization_id}/attempts/${String(attempt_id)}/transcript`
  const { status, body } = await world.api('GET', path)
  expect(status).toBe(200)
  await expectRefusal(name, body)
  keepIfWanted(name, body)
}
