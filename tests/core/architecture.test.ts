/** What may import what, and who may touch the world: read from the sources, so that nobody has to remember it. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Top to bottom: a file imports only from the lines below its own. */
const layers: readonly (readonly string[])[] = [
  ['index.ts'],
  ['io.ts', 'node.ts'],
  ['explain/doctor.ts'],
  ['refresh.ts'],
  ['driver.ts'],
  ['known-provider.ts'],
  ['explain/what-if.ts'],
  ['explain/explain.ts'],
  [
    'explain/authorization.ts',
    'explain/browser.ts',
    'explain/discovery.ts',
    'explain/id-token.ts',
    'explain/keys.ts',
    'explain/policy.ts',
    'explain/token.ts',
    'explain/userinfo.ts',
  ],
  ['explain/issuers.ts', 'explain/durations.ts', 'explain/person.ts'],
  ['explain/check.ts'],
  ['explain/http-date.ts', 'explain/near-misses.ts', 'explain/story.ts', 'explain/times.ts'],
  ['transcript.ts'],
  ['circumstances.ts', 'redaction.ts'],
  ['flow.ts', 'connection.ts'],
  ['revision.ts'],
  ['settings.ts'],
  [
    'messages/authorization.ts',
    'messages/discovery.ts',
    'messages/id-token.ts',
    'messages/initiation.ts',
    'messages/jwks.ts',
    'messages/logout.ts',
    'messages/logout-token.ts',
    'messages/token.ts',
    'messages/userinfo.ts',
  ],
  ['protocol.ts', 'jws.ts', 'seal.ts', 'return-to.ts', 'login-parameters.ts', 'store.ts'],
  ['relying-party.ts'],
  ['policy.ts', 'http.ts', 'crypto.ts'],
  ['failures.ts', 'bytes.ts', 'issuer.ts'],
]

interface Source {
  readonly file: string
  /** Without comments. */
  readonly code: string
  readonly imports: readonly string[]
}

function sources(folder: string): Source[] {
  const files = readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(`${root}${folder}/${file}`, 'utf8')
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
      const imports = [...code.matchAll(/(?<!\.)\b(?:from|import|require)\s*\(?\s*['"`]([^'"`]+)['"`]/g)].map(
        ([, name]) => name!,
      )
      return { file: file.replaceAll('\\', '/'), code, imports }
    })
}

const core = sources('packages/core/src')
const named = (file: string) => core.find((source) => source.file === file)!
const layerOf = (file: string) => layers.findIndex((layer) => layer.includes(file))
const resolved = (from: string, name: string) => new URL(name, `file:///${from}`).pathname.slice(1)

test('every file of the core has its place', () => {
  expect(core.map(({ file }) => file).sort()).toEqual(layers.flat().sort())
})

/** What the checks stand on. Whatever they judge, they judge for themselves. */
const askedOfTheJudge = [
  'mergeClaims',
  'mostParameters',
  'needsUserInfo',
  'parseProviderMetadata',
  'selectClientAuthentication',
]

test('the second opinion judges for itself', () => {
  const second = core.filter(({ file }) => file.startsWith('explain/') && file !== 'explain/doctor.ts')
  const judge = /import \{([^}]*)\} from '\.\.\/(?:protocol|jws|messages\/[\w-]+)\.ts'/g
  const asked = second.flatMap(({ code }) => [...code.matchAll(judge)].flatMap(([, names]) => names!.split(',')))
  expect([...new Set(asked.map((name) => name.trim()))].sort()).toEqual(askedOfTheJudge)
})

test.each(core.map((source) => [source.file, source] as const))(
  '%s imports only what stands below it',
  (file, { imports }) => {
    for (const name of imports.filter((name) => name.startsWith('.'))) {
      expect(name, 'imports name their file').toMatch(/\.ts$/)
      expect(layerOf(resolved(file, name)), `${file} imports ${name}`).toBeGreaterThan(layerOf(file))
    }
  },
)

describe('the outside world', () => {
  const packages = (file: string) => named(file).imports.filter((name) => !name.startsWith('.'))

  test('one dependency: oauth4webapi, and only protocol.ts knows it', () => {
    const { dependencies, peerDependencies, optionalDependencies } = manifest('core')
    expect(Object.keys(dependencies ?? {})).toEqual(['oauth4webapi'])
    expect([peerDependencies, optionalDependencies]).toEqual([undefined, undefined])
    expect(core.filter(({ imports }) => imports.includes('oauth4webapi')).map(({ file }) => file)).toEqual([
      'protocol.ts',
    ])
  })

  test('no Fastify, no Keyv, no node: modules, except for the node entry', () => {
    for (const { file } of core) {
      const expected = file === 'protocol.ts' ? ['oauth4webapi'] : file === 'node.ts' ? ['node:crypto'] : []
      expect(packages(file), file).toEqual(expected)
    }
  })

  test.each<[string, RegExp, readonly string[]]>([
    ['fetch', /\bfetch\s*\(/, ['io.ts']],
    ['the clock', /\bDate\b|\bperformance\b/, ['io.ts', 'protocol.ts']],
    ['chance', /\bgetRandomValues\b|\brandomUUID\b|\brandomBytes\b|\bMath\.random\b/, ['io.ts']],
    ['timers', /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, []],
    ['deadlines', /\bAbortSignal\b|\bAbortController\b/, ['io.ts']],
    ['WebCrypto', /\bcrypto\.subtle\b/, ['crypto.ts']],
    ['Node', /\bprocess\.|\bBuffer\b|\b__dirname\b|\brequire\s*\(/, []],
    ['the console', /\bconsole\.\w/, []],
    ['globals by the back door', /\bglobalThis\b|\beval\b|\bFunction\s*\(/, []],
  ])('%s: only where it belongs', (_name, mention, allowed) => {
    expect(
      core
        .filter(({ code }) => mention.test(code))
        .map(({ file }) => file)
        .sort(),
    ).toEqual([...allowed].sort())
  })

  test('protocol.ts looks at the clock once, to tell the judge how far it is from the injected one', () => {
    const { code } = named('protocol.ts')
    expect(code.match(/\bDate\b/g)).toHaveLength(1)
    const atClock = /async function atClock[\s\S]*?\n}\n/.exec(code)![0]
    expect(atClock).toContain('Date.now() / 1000')
    expect(atClock).toContain('Math.floor(at) - now')
  })
})

describe('the packages', () => {
  test('the server sees only the public entries of the core', () => {
    const entries = ['@relying-party/core', '@relying-party/core/node', '@relying-party/core/transcript.schema.json']
    for (const { file, imports } of sources('packages/server/src')) {
      const seen = imports.filter((name) => /(?:^|\/)core(?:\/|$)|relying-party\/core/.test(name))
      for (const name of seen) expect(entries, file).toContain(name)
    }
    expect(Object.keys(manifest('server').dependencies ?? {})).toContain('@relying-party/core')
  })

  test('the mock does not share our mistakes: it never imports the core or the server', () => {
    for (const { file, imports } of sources('packages/mock-idp/src')) {
      expect(
        imports.filter((name) => /@relying-party|packages\/|\/(?:core|server)\//.test(name)),
        file,
      ).toEqual([])
    }
    const { dependencies, devDependencies, peerDependencies } = manifest('mock-idp')
    const all = Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })
    expect(all.filter((name) => name.startsWith('@relying-party/'))).toEqual([])
  })

  test('the core imports neither of them', () => {
    for (const { file, imports } of core)
      expect(
        imports.filter((name) => name.includes('@relying-party')),
        file,
      ).toEqual([])
  })
})

test.each(['core', 'server', 'mock-idp'])('%s declares what it imports, and nothing else', (name) => {
  const imported = sources(`packages/${name}/src`)
    .flatMap(({ imports }) => imports)
    .filter((specifier) => !/^(?:\.|node:)/.test(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0])
  const { dependencies, peerDependencies } = manifest(name)
  expect(Object.keys({ ...dependencies, ...peerDependencies }).sort()).toEqual([...new Set(imported)].sort())
})

test('the Fastify that the plugin runs on is the one of whoever embeds it', () => {
  expect(Object.keys(manifest('server').peerDependencies ?? {})).toEqual(['fastify'])
})

interface Manifest {
  readonly dependencies?: object
  readonly devDependencies?: object
  readonly peerDependencies?: object
  readonly optionalDependencies?: object
}

function manifest(name: string): Manifest {
  return JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')) as Manifest
}
