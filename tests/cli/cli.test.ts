/** `relying-party` from outside: what it prints, and the exit codes that scripts rely on. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { keyRing, nearMisses, open, seal, type Tested, type Transcript } from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { at, json, known, metadata, mint, secrets, tokenBody } from '../core/support/provider.ts'
import { recorded } from '../core/support/recorded.ts'
import { openIn } from '../storage/backends.ts'

const main = fileURLToPath(new URL('../../packages/server/src/cli/main.ts', import.meta.url))
const sources = new URL('../support/sources.mjs', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'rp-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function run(
  args: readonly string[],
  { input = '', env = {}, cwd }: { input?: string; env?: object; cwd?: string } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, ['--import', sources, main, ...args], {
    env: { PATH: process.env.PATH, ...env },
    cwd,
    stdio: 'pipe',
  })
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await ended, out, err }
}

let files = 0
function saved(value: unknown): string {
  const file = join(folder, `${(files += 1)}.json`)
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

const expired = () =>
  recorded({ rp: known(), answers: { token: json(tokenBody({ id_token: mint({ claims: { exp: at - 40 } }) })) } })

describe('explain', () => {
  test('a refusal: who can fix it, how, and what would have helped; exit 1', async () => {
    const { transcript } = await expired()
    const { code, out, err } = await run(['explain', saved(transcript)])
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toContain('refused with id_token_expired')
    expect(out).toContain('clock_tolerance=41: it would have succeeded.')
    expect(out).toContain('✗ id_token_expiry')
    expect(out).toContain('✓ id_token_signature')
    for (const secret of [secrets.client_secret, secrets.code, secrets.access_token]) expect(out).not.toContain(secret)
  })

  test('a success: exit 0, from standard input, as JSON', async () => {
    const { transcript } = await recorded()
    const { code, out } = await run(['explain', '-', '--json'], { input: JSON.stringify(transcript) })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ verdict: { outcome: 'authenticated' }, cause: null, proposal: null })
  })

  test('what a stranger wrote into the file does not reach the terminal', async () => {
    const { transcript } = await recorded({
      response: { code: undefined, error: 'x', error_description: 'a\u001b[31mred' },
    })
    const hostile = structuredClone(transcript) as unknown as { decisions: { redirect?: string }[] }
    hostile.decisions[0]!.redirect = 'https://idp.example/\u001b]0;title\u0007'
    const { out } = await run(['explain', saved(hostile)])
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/)
  })
})

describe('replay', () => {
  test('the same verdict: exit 0', async () => {
    const { transcript } = await expired()
    const { code, out } = await run(['replay', saved(transcript)])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(transcript.verdict)
  })

  test('a record that was changed: exit 1', async () => {
    const { transcript } = await expired()
    const forged: Transcript = { ...transcript, verdict: { outcome: 'failed', failure: { code: 'access_denied' } } }
    const { code, err } = await run(['replay', saved(forged)])
    expect(code).toBe(1)
    expect(err).toContain('not the recorded verdict')
  })

  test.each([
    ['clock_tolerance=45', 0, 'it would have succeeded'],
    ['clock_tolerance=39', 1, 'it would have been refused with id_token_expired'],
    ['client_auth=post', 0, 'it would have succeeded'],
  ])('--with %s: exit %i', async (change, code, words) => {
    const { transcript } = await recorded(
      change.startsWith('clock')
        ? { rp: known(), answers: { token: json(tokenBody({ id_token: mint({ claims: { exp: at - 40 } }) })) } }
        : {},
    )
    const ran = await run(['replay', saved(transcript), '--with', change])
    expect(ran).toMatchObject({ code, out: expect.stringContaining(words) as string })
  })
})

describe('what cannot be done: exit 2 and a sentence', () => {
  test.each<[string, readonly string[], string]>([
    ['no such command', ['fly'], 'There is no command fly.'],
    ['no file', ['explain'], 'Give exactly one FILE.'],
    ['a file that is not there', ['explain', '/nowhere.json'], 'cannot be read'],
    ['a change that is none', ['replay', '-', '--with', 'luck=more'], 'luck=more is no change'],
    ['an option that is none', ['replay', '-', '--fast'], "Unknown option '--fast'"],
    ['an issuer that is none', ['doctor', 'okta'], 'is not a URL'],
  ])('%s', async (_name, args, sentence) => {
    const { code, err } = await run(args)
    expect(code).toBe(2)
    expect(err).toContain(sentence)
    expect(err).not.toMatch(/^\s+at /m)
  })

  test.each([
    ['{', 'is not JSON'],
    ['{}', 'is not a transcript'],
    ['{"format":1}', 'is not a transcript'],
  ])('%s', async (content, sentence) => {
    const { code, err } = await run(['replay', saved(content)])
    expect(code).toBe(2)
    expect(err).toContain(sentence)
  })

  test('help: exit 0', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, err: '' })
  })
})

describe('doctor', () => {
  let mock: MockOkta
  beforeAll(async () => {
    mock = await startMockOkta()
  })
  afterAll(() => mock.close())
  const allowed = () => ({ env: { OUTBOUND_ALLOW: `localhost:${mock.port}` } })

  test('a provider in order: exit 0', async () => {
    const { code, out } = await run(['doctor', mock.issuer, '--json'], allowed())
    const { findings } = JSON.parse(out) as { findings: { id: string; outcome: string }[] }
    expect(code).toBe(0)
    expect(findings.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['discovery_issuer', 'offers_pkce', 'keys_published', 'clock']),
    )
  })

  test.each(['openid-configuration', 'openid-configuration/', 'oauth-authorization-server'])(
    'the metadata URL …/%s is understood, as it is in the settings',
    async (name) => {
      expect(await run(['doctor', `${mock.issuer}/.well-known/${name}`], allowed())).toMatchObject({ code: 0 })
    },
  )

  test.each([
    ['discovery.issuer_trailing_slash', 'The issuers differ only by a slash at the end.'],
    ['jwks.empty', 'No signing key is published.'],
    ['jwks.private_key', 'A private key is among the published ones.'],
    ['jwks.http_500', "The provider's keys are unavailable at the moment."],
  ])('%s: exit 1', async (fault, sentence) => {
    const injected = mock.inject(fault)
    const { code, out } = await run(['doctor', mock.issuer], allowed())
    injected.remove()
    expect(code).toBe(1)
    expect(out).toContain(`✗ ${sentence}`)
  })

  test('https at a port that speaks plain http: exit 1, and nothing is said of a certificate', async () => {
    const issuer = mock.issuer.replace('http:', 'https:')
    const { code, out } = await run(['doctor', issuer, '--json'], allowed())
    const { findings } = JSON.parse(out) as { findings: object[] }
    expect(code).toBe(1)
    const { message, remedy } = nearMisses.issuer_without_tls
    const finding = expect.stringContaining(message) as string
    expect(findings).toEqual([
      expect.objectContaining({ id: 'discovery_answered', outcome: 'failed', finding, remedy }),
    ])
  })

  test('keys at an address that is not called: exit 1, and the provider is told to publish another', async () => {
    const injected = mock.inject('discovery.jwks_uri_internal')
    const { code, out } = await run(['doctor', mock.issuer, '--json'], allowed())
    injected.remove()
    const { findings } = JSON.parse(out) as { findings: object[] }
    expect(code).toBe(1)
    const { remedy } = nearMisses.endpoint_not_called
    for (const id of ['jwks_uri', 'keys_published'])
      expect(findings).toContainEqual(expect.objectContaining({ id, outcome: 'failed', remedy }))
  })

  test('a private address is not called: exit 1', async () => {
    const { code, out } = await run(['doctor', mock.issuer])
    expect(code).toBe(1)
    expect(out).toContain('The address points into a network that this server does not call.')
  })
})

describe('disable', () => {
  const enabled = {
    phase: 'enabled',
    organization_id: 'acme',
    connection_id: 'connection-1',
    revisions: 1,
    previous: null,
    candidate: null,
    policy: {},
    live: {
      revision: 1,
      settings: { issuer: metadata.issuer },
      fingerprint: 'f',
      tested: { at, attempt_id: 'a', by: 'b' },
      enabled_at: at,
      staged_client_secret: null,
    },
  }

  test('an enabled connection: exit 0, and it is disabled, on record; again: exit 2', async () => {
    const url = `sqlite:${join(folder, 'store.sqlite')}`
    const [old, current] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64url'))
    const secretContext = 'client_secret|acme|connection-1|secret-1'
    const ring = (...keys: string[]) => keyRing(keys as [string], nodeCrypto)
    const sealed = await seal(await ring(old!), secretContext, secrets.client_secret, randomBytes(12), nodeCrypto)
    const live = { ...enabled.live, client_secret: { secret_id: 'secret-1', sealed } }
    const store = await openIn({ url } as never, { now: () => Date.now() / 1000 })
    await store.compareAndSet('connections', 'acme', null, { ...enabled, live } as never, null)
    await store.close()
    const env = { STORE_URL: url, SECRET_KEYS: `${current},${old}` }
    expect(await run(['disable', 'acme'], { env })).toMatchObject({ code: 0, err: '' })
    expect(await run(['disable', 'acme'], { env })).toMatchObject({ code: 2 })
    expect(await run(['disable', 'nobody'], { env })).toMatchObject({ code: 2 })
    const again = await openIn({ url } as never, { now: () => Date.now() / 1000 })
    const written = (await again.get('connections', 'acme'))?.value as unknown as Tested
    expect(written).toMatchObject({ phase: 'tested', live: null })
    // Sealed anew with the first key: the other is needed for nothing any more.
    const reopened = await open(
      await ring(current!),
      secretContext,
      written.candidate.client_secret!.sealed,
      nodeCrypto,
    )
    expect(reopened).toEqual({ value: secrets.client_secret })
    const events = await again.list('audit', { prefix: 'acme/', limit: 10 })
    expect(events.map(({ value }) => value)).toEqual([
      expect.objectContaining({ type: 'disabled', by: 'operator', connection_id: 'connection-1', revision: 1 }),
    ])
    await again.close()
  })

  const keys = Buffer.alloc(32, 1).toString('base64url')
  test.each<[string, object, string]>([
    ['another folder', {}, 'data/relying-party.sqlite'],
    ['another folder, with the keys', { SECRET_KEYS: keys }, 'data/relying-party.sqlite'],
    ['a path that is wrong', { STORE_URL: 'sqlite:./other/store.sqlite', SECRET_KEYS: keys }, 'other/store.sqlite'],
    ['a store without its secrets', { STORE_URL: 'sqlite:./empty.sqlite' }, 'empty.sqlite'],
    ['a store in memory', { STORE_URL: 'memory:' }, ''],
  ])('%s: exit 2, the store that was looked for is named, and nothing is created', async (_name, env, file) => {
    const elsewhere = realpathSync(mkdtempSync(join(folder, 'elsewhere-')))
    writeFileSync(join(elsewhere, 'empty.sqlite'), '')
    const { code, err } = await run(['disable', 'acme'], { env, cwd: elsewhere })
    expect(code).toBe(2)
    expect(err).toContain(file === '' ? 'STORE_URL' : join(elsewhere, file))
    expect(readdirSync(elsewhere)).toEqual(['empty.sqlite'])
  })

  test('in production without the keys: exit 2, they are asked for, and none are made', async () => {
    const elsewhere = mkdtempSync(join(folder, 'production-'))
    const env = { STORE_URL: `sqlite:${join(elsewhere, 'store.sqlite')}`, NODE_ENV: 'production' }
    const { code, err } = await run(['disable', 'acme'], { env })
    expect(code).toBe(2)
    expect(err).toContain('SECRET_KEYS')
    expect(readdirSync(elsewhere)).toEqual([])
  })
})
