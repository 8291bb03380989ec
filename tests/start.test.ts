/** `npm start`, in a directory of its own: what it prints leads to a sign-in, and what was set is there the next time. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../packages/server/src/free-port.ts'
import { codeOf, UserAgent, type Visit } from './support/user-agent.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))
const sources = fileURLToPath(new URL('support/sources.mjs', import.meta.url))
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  scripts: { start: string }
  config: { pnpm: string }
}
let root: string
let ports: Record<'PORT' | 'MOCK_PORT', string>

/** As a checkout is before its first start, save that installing and building are only written down: packages run from their sources. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'npm-start-'))
  ports = { PORT: String(await freePort()), MOCK_PORT: String(await freePort()) }
  for (const name of ['package.json', 'pnpm-lock.yaml']) cpSync(join(repository, name), join(root, name))
  for (const name of readdirSync(join(repository, 'packages'))) {
    mkdirSync(join(root, 'packages', name), { recursive: true })
    cpSync(join(repository, 'packages', name, 'package.json'), join(root, 'packages', name, 'package.json'))
  }
  mkdirSync(join(root, 'scripts'))
  cpSync(join(repository, 'scripts/run.mjs'), join(root, 'scripts/run.mjs'))
  symlinkSync(join(repository, 'scripts/demo.mjs'), join(root, 'scripts/demo.mjs'))
  const bin = join(root, 'node_modules/.bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync(process.execPath, join(bin, 'node'))
  const npx =
    '#!/bin/sh\necho "$@" >> asked\ncase "$*" in *" run build") mkdir packages/core/dist packages/mock-idp/dist packages/server/dist;; esac\n'
  writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 })
})
const running: ChildProcess[] = []
/** With what it has started, where something went wrong. */
afterEach(() => {
  for (const { pid, exitCode, signalCode } of running.splice(0))
    if (exitCode === null && signalCode === null) process.kill(-pid!, 'SIGKILL')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function start() {
  const [, ...args] = manifest.scripts.start.split(' ')
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: true,
    env: {
      PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      NODE_OPTIONS: `--import=${sources}`,
      ...ports,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes('Ctrl-C stops.')) resolve()
      })
    }
  })
  return {
    output: () => output,
    ended,
    /** What it prints beside these words. */
    async printed(words: string): Promise<string> {
      await Promise.race([ready, ended])
      const found = new RegExp(`${words} +(\\S+)`).exec(output)
      if (found === null) throw new Error(`nothing is printed beside “${words}”:\n${output}`)
      return found[1]!
    },
    stop: (signal: 'SIGINT' | 'SIGTERM') => (child.kill(signal), ended),
  }
}

test(
  'what it prints is enough to connect, test and sign in; what was set is kept; nothing is installed or built twice',
  { timeout: 60_000 },
  async () => {
    const first = start()
    const settings = await first.printed('Settings page')
    const admin_token = await first.printed('Admin token')
    const admin = new UserAgent()
    const signIn = await admin.visit(settings)
    // The organization is there, with nothing set up.
    expect(codeOf(await admin.visit(await first.printed('Members start')))).toBe('sso_not_enabled')
    const empty = await admin.submit(signIn, '/admin/sign-in', { admin_token })
    expect([empty.url.href, empty.status]).toEqual([settings, 200])
    const testing = await admin.submit(empty, '/settings/sso/save', {
      issuer: await first.printed('Issuer'),
      client_id: await first.printed('Client ID'),
      client_secret: await first.printed('Client Secret'),
      intent: 'test',
    })
    const [link] = /(?<=href=")[^"]+\/oidc\/test\?[^"]+/.exec(testing.body)!
    const atProvider = await admin.visit(link.replaceAll('&amp;', '&'))
    const username = await first.printed('Demo user')
    const password = await first.printed('password')
    const tested = await admin.submit(atProvider, '', { username, password })
    expect([tested.url.href, stateOf(tested)]).toEqual([settings, 'tested'])
    expect(stateOf(await admin.submit(tested, '/settings/sso/enable'))).toBe('enabled')

    const beside = start()
    expect(await beside.ended).toBe(1)
    expect(beside.output()).toBe(`Port ${ports.MOCK_PORT} is in use. Set PORT or MOCK_PORT to a free one.\n`)
    expect([await first.stop('SIGINT'), first.output().includes('Installing …\nBuilding …\n')]).toEqual([0, true])

    const second = start()
    expect([await second.printed('Admin token'), await second.printed('Settings page')]).toEqual([
      admin_token,
      settings,
    ])
    const kept = await admin.visit(settings)
    expect([kept.url.href, stateOf(kept)]).toEqual([settings, 'enabled'])
    const member = new UserAgent()
    const asked = await member.visit(await second.printed('Members start'))
    const signedIn = await member.submit(asked, '', { username, password })
    expect([signedIn.status, signedIn.url.pathname]).toEqual([200, '/organizations/acme'])
    expect([await second.stop('SIGTERM'), second.output()]).toEqual([0, expect.not.stringContaining('…')])

    const pinned = `--yes pnpm@${manifest.config.pnpm}`
    const commands = `${pinned} install --frozen-lockfile --reporter=append-only\n${pinned} run build\n`
    expect(readFileSync(join(root, 'asked'), 'utf8')).toBe(commands)
    expect(readdirSync(join(root, 'data')).toSorted()).toContain('relying-party.sqlite')
  },
)

const stateOf = ({ body }: Visit) => /id="status"[^>]*data-state="([a-z]+)"/.exec(body)?.[1]
