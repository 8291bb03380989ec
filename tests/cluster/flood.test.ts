/**
 * A flood of sign-ins that are started and never finished. Rule: what the instance keeps of them is bounded, and nothing of
 * them is in a store.
 */
import { Client } from 'undici'
import { expect, test } from 'vitest'
import { sqlite } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { createCluster } from './cluster.ts'

const flood = 10_000
/** More than an instance keeps of flows that it sealed (2,000). */
const before = 4000
const MiB = 2 ** 20

test(
  `${flood} sign-ins that are started and never finished leave memory and stores flat (#281, #282, #287)`,
  { timeout: 120_000 },
  async () => {
    const place = await sqlite.create()
    const session_place = await sqlite.create()
    const cluster = await createCluster({ place, session_place })
    try {
      const instance = await cluster.start()
      cluster.balancer.targets = [instance.port]
      await cluster.enable()
      await cluster.login(new UserAgent())
      const records = () => Promise.all([place.count(), session_place.count()])

      /** Starts so many sign-ins, each in a browser of its own. */
      const start = async (count: number) => {
        let left = count
        const browse = async () => {
          const client = new Client(`http://localhost:${instance.port}`)
          while (left-- > 0) {
            const { statusCode, body } = await client.request({ method: 'GET', path: '/organizations/acme/oidc/login' })
            await body.dump()
            expect(statusCode).toBe(302)
          }
          await client.close()
        }
        await Promise.all(Array.from({ length: 8 }, browse))
      }

      const fresh = await instance.heap()
      await start(before)
      const [kept, stored] = [await instance.heap(), await records()]
      await start(flood)
      const afterwards = await instance.heap()
      // Measured: 3.4 MiB, then another 0.15. One that is kept takes 1.8 KiB: all of them would take 17 MiB.
      expect((kept - fresh) / MiB).toBeLessThan(6)
      expect((afterwards - kept) / MiB).toBeLessThan(1)
      expect(await records()).toEqual(stored)
    } finally {
      await cluster.close()
    }
  },
)
