/** Puts a report into a folder: `conformance.json` for programs, `conformance.html` for people. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reportPage } from './report-page.ts'
import type { Report } from './report.ts'

/** Writes both files and answers their paths. */
export async function writeReport(report: Report, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files = { 'conformance.json': `${JSON.stringify(report, null, 2)}\n`, 'conformance.html': reportPage(report) }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
  return Object.keys(files).map((name) => join(folder, name))
}
