/** A server that people reach under another address than its own shows redirect URIs that lead elsewhere: it says so. */
import type { FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { calledAs } from '../../packages/server/src/called-as.ts'
import { createWorld } from '../support/world.ts'

const rows: readonly (readonly [string, string, string, Record<string, string>, string | null])[] = [
  ['as itself', 'https://sso.acme.example', 'sso.acme.example', {}, null],
  ['its port', 'https://sso.acme.example', 'sso.acme.example:443', {}, null],
  ['another host', 'https://sso.acme.example', 'old.acme.example', {}, 'https://old.acme.example'],
  ['the name that a proxy has for it', 'https://sso.acme.example', 'upstream:3000', {}, null],
  ['TLS ends at a proxy', 'https://sso.acme.example', 'upstream', { proto: 'https' }, null],
  [
    'http instead of https',
    'https://sso.acme.example',
    'sso.acme.example',
    { proto: 'http' },
    'http://sso.acme.example',
  ],
  ['https instead of http', 'http://localhost:3000', 'localhost:3000', { proto: 'HTTPS' }, 'https://localhost:3000'],
  ['the first of two proxies', 'https://a.example', 'a.example', { proto: 'http, https' }, 'http://a.example'],
  ['no scheme', 'https://a.example', 'a.example', { proto: 'javascript' }, null],
  ['a prefix', 'https://a.example', 'a.example', { prefix: '/sso/' }, 'https://a.example/sso'],
  ['an empty prefix', 'https://a.example', 'a.example', { prefix: '/' }, null],
  ['a forwarded host', 'http://localhost:3000', 'localhost:3000', { host: 'a.example' }, 'http://a.example'],
  ['our forwarded host', 'https://a.example', 'upstream', { host: 'a.example', proto: 'https' }, null],
]

test.each(rows)('%s: %s called at %s with %o', (_, base_url, host, forwarded, expected) => {
  const headers = Object.fromEntries(Object.entries(forwarded).map(([name, value]) => [`x-forwarded-${name}`, value]))
  expect(calledAs({ headers, host } as unknown as FastifyRequest, { base_url })).toBe(expected)
})

test('whatever a request claims is bounded, one line', () => {
  const headers = { 'x-forwarded-prefix': `/${'a'.repeat(5000)}\u0007` }
  const shown = calledAs({ headers, host: 'a.example' } as unknown as FastifyRequest, { base_url: 'https://a.example' })
  expect(shown!.length).toBeLessThan(310)
  expect(shown).not.toContain('\u0007')
})

test('the settings page shows it beside the Redirection URI, as text', async () => {
  const world = await createWorld()
  try {
    const admin = await world.admin()
    const page = async (headers: Record<string, string>) =>
      (await admin.visit(`${world.organization()}/settings/sso`, { headers })).body
    expect(await page({})).not.toContain('id="called-as"')
    const warned = await page({ 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/<b>' })
    expect(warned).toContain('id="called-as"')
    expect(warned).toContain(`${world.base_url.replace('http:', 'https:')}/&lt;b`)
  } finally {
    await world.close()
  }
})
