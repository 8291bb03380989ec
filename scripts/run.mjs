/**
 * `npm start` and `npm test` on any Node ≥ 20: installs with the pinned pnpm, builds what has changed, and goes on under
 * the Node that the lockfile pins.
 */
import { spawnSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const pnpmPackage = `pnpm@${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).config.pnpm}`
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
const [command, ...args] = process.argv.slice(2)

const installed = ['pnpm-lock.yaml', 'package.json', ...packageFiles('package.json')]
const built = packageFiles('src', 'tsup.config.ts', 'tsconfig.json', 'package.json').concat('tsconfig.base.json')

unlessDone('install', installed, () =>
  run('npx', ['--yes', pnpmPackage, 'install', '--frozen-lockfile', '--reporter=append-only']),
)
unlessDone('build', [...installed, ...built], () => run('npx', ['--yes', pnpmPackage, 'run', 'build']))

const commands = {
  start: [process.platform === 'win32' ? 'node.exe' : 'node', [join(root, 'scripts', 'demo.mjs'), ...args]],
  test: [join(bin, 'vitest'), ['run', ...args]],
}
const [program, programArgs] = commands[command] ?? fail(`unknown command ${command}`)
const child = spawn(program, programArgs, { cwd: root, env, stdio: 'inherit' })
// Ctrl-C reaches the child by itself; whoever signals this process alone means the child as well. It heeds one of them.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => (command === 'start' || signal === 'SIGTERM') && child.kill(signal))
}
// npm hands no signal on through its shell: where both are gone, nobody could stop us any more.
const parent = process.ppid
if (process.env.npm_lifecycle_event !== undefined) {
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref()
}
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))

/** Does the work unless it was done for exactly these files; its output appears only when it fails. */
function unlessDone(name, paths, work) {
  const stamp = join(root, 'node_modules', `.${name}.stamp`)
  const wanted = digest(paths)
  const outputs = name === 'build' ? packageFiles('dist') : [bin]
  const done =
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === wanted &&
    outputs.every((path) => existsSync(join(root, path)) || existsSync(path))
  if (done) return
  process.stderr.write(`${name === 'install' ? 'Installing' : 'Building'} …\n`)
  work()
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(stamp, wanted)
}

function run(program, programArgs) {
  const result = spawnSync(program, programArgs, {
    cwd: root,
    env: { ...env, CI: 'true' },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`)
  fail(`\`${program} ${programArgs.join(' ')}\` failed.`)
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function packageFiles(...names) {
  const packages = readdirSync(join(root, 'packages'))
  return packages.flatMap((name) => names.map((file) => join('packages', name, file)))
}

function digest(paths) {
  // Not the version of Node: npm runs the first start under the caller's, all later ones under the one that was installed.
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  const add = (path) => {
    const full = join(root, path)
    if (!existsSync(full)) return
    if (statSync(full).isDirectory()) for (const name of readdirSync(full).sort()) add(join(path, name))
    else hash.update(path).update('\0').update(readFileSync(full)).update('\0')
  }
  paths.forEach(add)
  return hash.digest('hex')
}
