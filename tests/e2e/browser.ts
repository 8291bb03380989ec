/** Debian's Chromium, driven by playwright-core. `CHROMIUM` names another one; without any the suite is skipped and says so. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'

export const executable = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path))

const artifacts = fileURLToPath(new URL('../../artifacts/screenshots/', import.meta.url))

export function launch(): Promise<Browser> {
  const quiet = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  return chromium.launch({ executablePath: executable!, args: ['--no-sandbox', ...quiet] })
}

/**
 * Keeps a picture of the whole page as an artefact of the test. A browser without a screen now and then paints no frame for
 * it, once in some hundreds of times: then it is asked again.
 */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true })
  const take = () => page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: true, timeout: 10_000 })
  await take().catch((error: Error) => (error.name === 'TimeoutError' ? take() : Promise.reject(error)))
}
