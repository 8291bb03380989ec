/**
 * PostgreSQL and Redis behind a network that fails. Rule: every call rejects with StoreUnavailable within the deadline; none
 * ever reads as absence, conflict or success. The machine's own services stay untouched: a proxy in front of them fails.
 */
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openIn, postgres, redis, type Place } from './backends.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'
import { deadline_ms, expectRecovery, expectUnavailable, now, slack_ms, prepare } from './unavailable.ts'

describe.each([postgres, redis].filter((backend) => !backend.available))('$name', () => {
  test.skip('is tried when POSTGRES_URL and REDIS_URL name one', () => {})
})

describe.each([postgres, redis].filter((backend) => backend.available))('$name behind a bad network', (backend) => {
  let place: Place
  let proxy: TcpProxy
  let store: Store

  beforeAll(async () => {
    place = await backend.create()
    proxy = await startProxy(place.url)
    await prepare(place)
    store = await openIn(place, { now, deadline_ms, url: proxy.url })
  })
  afterAll(async () => {
    proxy.set('pass')
    await store.close().catch(() => {})
    await proxy.close()
    await place.remove()
  })

  test('silent: every call rejects within the deadline, again and again, and recovers by itself (#264)', async () => {
    await Promise.all(Array.from({ length: 20 }, () => store.ping())) // all connections, where there is a pool
    proxy.set('silent')
    await expectUnavailable(store)
    await expectUnavailable(store)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('cut: every call rejects, also those in flight, and recovers by itself', async () => {
    proxy.set('silent')
    const in_flight = expectUnavailable(store)
    await sleep(50)
    proxy.set('cut')
    await in_flight
    await expectUnavailable(store)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('cut while idle: the process lives on', async () => {
    proxy.set('cut')
    await sleep(100)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('mute: a write whose answer is lost is neither granted nor refused (#265)', async () => {
    proxy.set('mute')
    await expect(store.putIfAbsent('claims', 'lost answer', 1, now() + 600)).rejects.toThrow(StoreUnavailable)
    proxy.set('pass')
    await expectRecovery(store)
    expect(await store.putIfAbsent('claims', 'lost answer', 2, now() + 600)).toBe(false) // it had happened
  })

  test('closing answers in time, also when the backend does not', async () => {
    const closing = await openIn(place, { now, deadline_ms, url: proxy.url })
    proxy.set('silent')
    const pending = closing.get('connections', 'there').catch((error: unknown) => error)
    const started = performance.now()
    await closing.close().catch((error: unknown) => expect(error).toBeInstanceOf(StoreUnavailable))
    expect(performance.now() - started).toBeLessThan(2 * deadline_ms + slack_ms)
    expect(await pending).toBeInstanceOf(StoreUnavailable)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('opening rejects in time on a port that is closed, cuts off, or says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const url = new URL(place.url)
    for (const port of ['1', String((silent.address() as AddressInfo).port)]) {
      url.port = port
      const started = performance.now()
      await expect(openIn(place, { now, deadline_ms, url: url.href })).rejects.toThrow(StoreUnavailable)
      expect(performance.now() - started).toBeLessThan(deadline_ms + slack_ms)
    }
    silent.close()
    proxy.set('cut')
    await expect(openIn(place, { now, deadline_ms, url: proxy.url })).rejects.toThrow(StoreUnavailable)
    proxy.set('pass')
  })
})
