/** The driver contract in its two forms, and the command line. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createJsonDriver, loadDriver, runConformance } from '@relying-party/mock-idp'
import type { JsonDriver, Report } from '@relying-party/mock-idp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startStub, type Stub } from './stub-relying-party.ts'

let stub: Stub
let folder: string
beforeAll(async () => {
  stub = await startStub('accepts_everything')
  folder = await mkdtemp(join(tmpdir(), 'driver-'))
})
afterAll(async () => {
  await stub.close()
  await rm(folder, { recursive: true })
})

const one = async (document: JsonDriver, module = 'oidcc-client-test', plan = 'basic') =>
  (await runConformance({ driver: createJsonDriver(document), plans: [plan], modules: [module], timeout_ms: 3000 }))
    .modules[0]!

describe('a JSON document', () => {
  it('drives a relying party', async () => {
    expect(await one(stub.document)).toMatchObject({
      result: 'passed',
      answer: expect.stringMatching(/^login: signed in 00u/),
    })
  })

  it('says what codes mean, and a refusal for another reason is none', async () => {
    const refusing = await startStub('refuses_everything')
    const results = [{ no: 'id_token_iss' }, { no: 'id_token_nonce' }, { other: 'id_token_iss' }].map(
      async (reasons) => {
        const { result, problems } = await one(
          { ...refusing.document, reasons } as JsonDriver,
          'oidcc-client-test-invalid-iss',
        )
        return [result, ...problems]
      },
    )
    expect(await Promise.all(results)).toEqual([
      ['passed'],
      ['failed', 'Login: refused for another reason than id_token_iss: no (id_token_nonce).'],
      ['failed', 'Login: refused for another reason than id_token_iss: no (other).'],
    ])
    await refusing.close()
  })

  it('reads the code of a refusal from a page', async () => {
    const refusing = await startStub('refuses_everything')
    const { document } = refusing
    const result = { ...document.result, refused: { pattern: '"code":"([a-z]+)"' } }
    expect((await one({ ...document, result }, 'oidcc-client-test-invalid-iss')).answer).toBe(
      'login: refused: no (reason not told, status 403)',
    )
    await refusing.close()
  })

  it('reads the result from where the browser ended, when there is no other place', async () => {
    const { url: _url, ...result } = stub.document.result
    expect((await one({ ...stub.document, result })).result).toBe('passed')
  })

  it('tells the relying party about the provider in a request, when there is one', async () => {
    const told: unknown[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        told.push([request.method, request.url, JSON.parse(body)])
        response.writeHead(422, { 'content-type': 'application/json' }).end('{"error":{"code":"bad_issuer"}}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://localhost:${(server.address() as AddressInfo).port}/{module}`
    const body = {
      provider: '{issuer}',
      client: { id: '{client_id}', note: 'for {module}' },
      bearer: '{userinfo_bearer}',
    }
    const set_up = { method: 'PUT' as const, url, body }
    const document = { ...stub.document, set_up, reasons: { bad_issuer: 'discovery_issuer' as const } }
    const refused = await one(document, 'oidcc-client-test-discovery-issuer-mismatch', 'config')
    expect(told).toEqual([
      [
        'PUT',
        '/oidcc-client-test-discovery-issuer-mismatch',
        {
          provider: expect.stringMatching(/^http:\/\/localhost:\d+\/$/),
          client: { id: expect.stringMatching(/^client-/), note: 'for oidcc-client-test-discovery-issuer-mismatch' },
          bearer: 'header',
        },
      ],
    ])
    expect(refused.answer).toBe('set-up: refused: bad_issuer (discovery_issuer, status 422)')
    // It refuses, and never looked at the document that it should refuse.
    expect(refused.result).toBe('failed')
    server.close()
  })

  it('drives one whose provider and client are fixed', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const client = { client_id: 'mine', client_secret: 'my-secret-of-at-least-32-characters' }
    const driver = createJsonDriver({ ...stub.document, provider: { port }, client })
    const modules = ['oidcc-client-test', 'oidcc-client-test-idtoken-sig-rs256']
    const report = await runConformance({ driver, plans: ['basic'], modules })
    expect(report.modules.map(({ result }) => result)).toEqual(['passed', 'passed'])
    expect(report.modules[0]!.calls.find(({ endpoint }) => endpoint === 'authorization')!.params['client_id']).toBe(
      'mine',
    )
  })

  it('that lacks something says what', () => {
    expect(() => createJsonDriver({ name: 'x' } as JsonDriver)).toThrow(
      'the driver lacks addresses.redirect_uri, login.url, result.authenticated.sub, result.refused',
    )
  })

  it.each([
    [{ setup: {} }, 'the driver has no member setup; there are name, '],
    [{ abilities: { formpost: true } }, 'the driver has no ability formpost; there are form_post, '],
    [{ reasons: { no: 'nonce' } }, 'the driver has no reason nonce; there are discovery_issuer, '],
  ])('with a word misspelt says which: %j', (change, text) => {
    expect(() => createJsonDriver({ ...stub.document, ...change } as JsonDriver)).toThrow(text)
  })

  it('of a relying party that is not there says where it was looked for', async () => {
    const set_up = { url: 'http://localhost:1/{id}' }
    expect((await one({ ...stub.document, set_up })).problems).toEqual([
      expect.stringMatching(
        /^The module could not be run: nothing answers at http:\/\/localhost:1\/basic-test: fetch failed: /,
      ),
    ])
  })
})

describe('a driver', () => {
  it('is loaded from a file, an address or a module', async () => {
    const text = JSON.stringify(stub.document)
    const server = createServer((_request, response) => response.end(text))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const file = join(folder, 'driver.json')
    await writeFile(file, text)
    const module = join(folder, 'driver.mjs')
    await writeFile(module, `export default () => ({ name: 'a module', addresses: () => ({}), setUp: () => ({}) })`)
    const exports = join(folder, 'exports.mjs')
    await writeFile(
      exports,
      `export const name = 'exports'; export const addresses = () => ({}); export const setUp = () => ({})`,
    )
    const address = `http://localhost:${(server.address() as AddressInfo).port}/`
    const names = await Promise.all(
      [file, address, module, exports].map(async (where) => (await loadDriver(where)).name),
    )
    expect(names).toEqual([stub.document.name, stub.document.name, 'a module', 'exports'])
    await writeFile(join(folder, 'none.mjs'), 'export default {}')
    await expect(loadDriver(join(folder, 'none.mjs'))).rejects.toThrow(/exports no driver/)
    server.close()
  })

  it('that throws fails its module, and stops nothing else', async () => {
    const driver = {
      ...stub.driver,
      setUp: (told: Parameters<typeof stub.driver.setUp>[0]) => {
        if (told.module === 'oidcc-client-test') throw new Error('no database')
        return stub.driver.setUp(told)
      },
    }
    const modules = ['oidcc-client-test', 'oidcc-client-test-idtoken-sig-rs256']
    const report = await runConformance({ driver, plans: ['basic'], modules })
    expect(report.modules.map(({ result, problems }) => [result, ...problems])).toEqual([
      ['failed', 'The module could not be run: no database'],
      ['passed'],
    ])
  })

  it('that never answers is given up', async () => {
    const driver = {
      ...stub.driver,
      setUp: () => ({
        login: () => ({ url: `${stub.origin}/x/nowhere` }),
        outcome: () => new Promise<never>(() => {}),
      }),
    }
    const { modules } = await runConformance({
      driver,
      plans: ['basic'],
      modules: ['oidcc-client-test'],
      timeout_ms: 300,
    })
    expect(modules[0]!.problems[0]).toBe('Login: no answer that could be read: it took too long.')
  })
})

describe('the command line', () => {
  const cli = fileURLToPath(new URL('../../packages/mock-idp/src/conformance/cli.ts', import.meta.url))
  const run = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) =>
      execFile(process.execPath, [cli, ...args], (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      ),
    )

  it('runs, writes both reports, and ends with 1 when a module failed', async () => {
    const file = join(folder, 'cli.json')
    await writeFile(file, JSON.stringify(stub.document))
    const modules = 'oidcc-client-test,oidcc-client-test-invalid-iss'
    const failed = await run(
      '--rp',
      file,
      '--plan',
      'basic',
      '--module',
      modules,
      '--report',
      join(folder, 'out'),
      '--seed',
      '7',
    )
    expect(failed.stderr).toBe('')
    expect(failed.code).toBe(1)
    expect(failed.stdout).toContain(
      '\n\nbasic  1 passed, 1 failed\n\na stub that accepts everything: 1 passed, 1 failed in ',
    )
    const report = JSON.parse(await readFile(join(folder, 'out', 'conformance.json'), 'utf8')) as Report
    expect(report.seed).toBe('7')
    expect(await readFile(join(folder, 'out', 'conformance.html'), 'utf8')).toContain('oidcc-client-test-invalid-iss')
    const passed = await run('--rp', file, '--plan', 'basic', '--module', 'oidcc-client-test')
    expect(passed.code).toBe(0)
  }, 60_000)

  it('starts a relying party by a command, all of which is stopped at the end', async () => {
    const script = join(folder, 'relying-party.mjs')
    const address = join(folder, 'address')
    await writeFile(
      script,
      `import { createServer } from 'node:http'
      import { writeFileSync } from 'node:fs'
      const server = createServer((_, response) => response.end(${JSON.stringify(JSON.stringify(stub.document))}))
      server.listen(0, '127.0.0.1', () => {
        const url = 'http://127.0.0.1:' + server.address().port + '/driver.json'
        writeFileSync(${JSON.stringify(address)}, url)
        console.log(url)
        console.log('listening')
      })`,
    )
    const command = `cd '${folder}' && '${process.execPath}' relying-party.mjs; true`
    const { code, stdout, stderr } = await run('--rp', command, '--plan', 'basic', '--module', 'oidcc-client-test')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('a stub that accepts everything: 1 passed in ')
    await expect(fetch(await readFile(address, 'utf8'))).rejects.toThrow('fetch failed')
  }, 60_000)

  it('takes the document itself from a command that ends', async () => {
    const file = join(folder, 'printed.json')
    await writeFile(file, JSON.stringify(stub.document))
    const { code } = await run('--rp', `cat '${file}'`, '--plan', 'basic', '--module', 'oidcc-client-test')
    expect(code).toBe(0)
  }, 60_000)

  it('says what is wrong with the command, and ends with 2', async () => {
    const broken = join(folder, 'broken.json')
    const driver = join(folder, 'whole.json')
    await writeFile(broken, '{')
    await writeFile(driver, JSON.stringify(stub.document))
    const commands: [string[], string][] = [
      [[], '--rp is missing\n\nUsage: relying-party-conformance'],
      [['--rp', driver, '--plan', 'x'], 'no plan x; there are basic'],
      [['--rp', driver, '--plan', 'basic', '--module', 'x'], 'no module x in basic'],
      [['--rp', driver, '--concurrency', 'many'], '--concurrency many is not a whole number from 1'],
      [['--rp', 'nothing.mjs'], "no such file or directory, open 'nothing.mjs'"],
      [['--rp', broken], 'broken.json is not JSON: '],
      [['--rp', 'exit 3'], 'it ended with 3 and had printed no driver: exit 3'],
      [['--rp', 'echo ready; sleep 60'], 'neither an address nor a JSON document: ready'],
      [['--rp', "echo '{'"], 'the line that it printed is not JSON: '],
      [['--rp', 'http://localhost:1/'], 'nothing answers at http://localhost:1/: fetch failed: '],
    ]
    const answers = await Promise.all(commands.map(([args]) => run(...args)))
    for (const [index, { code, stdout, stderr }] of answers.entries()) {
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`${commands[index]![1]}`)
    }
  }, 60_000)
})
