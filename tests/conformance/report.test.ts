/** The reports: complete, without secrets, and harmless whatever a relying party answers. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  countResults,
  markdownTable,
  moduleLine,
  plans,
  reportPage,
  runConformance,
  summary,
  writeReport,
} from '@relying-party/mock-idp'
import type { ModuleReport, Report } from '@relying-party/mock-idp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startStub, type Stub } from './stub-relying-party.ts'

const evil = '<script>alert("1")</script>\'&'
const plan = plans[0]!

const evilModule: ModuleReport = {
  plan: plan.name,
  module: evil,
  result: 'failed',
  reason: evil,
  does: evil,
  expects: evil,
  clause: evil,
  expected: 'accepted',
  answer: evil,
  said: evil,
  problems: [evil],
  warnings: [evil],
  steps: [{ name: evil, expected: 'accepted', answer: evil }],
  calls: [
    {
      endpoint: evil,
      method: evil,
      path: evil,
      params: { [evil]: evil },
      client_authentication: evil,
      status: 200,
      error: evil,
      reason: evil,
      faults: [evil],
      token: { header: { evil }, claims: { evil } },
    },
  ],
  duration_ms: 1,
}
const evilReport: Report = {
  relying_party: evil,
  seed: evil,
  started_at: evil,
  duration_ms: 1,
  plans: [{ ...plan, title: evil, plan: evil }],
  modules: [evilModule],
}

let stub: Stub
let report: Report
beforeAll(async () => {
  stub = await startStub('accepts_everything')
  report = await runConformance({
    driver: stub.driver,
    plans: ['basic', 'refresh_token', 'backchannel_logout'],
    seed: 'report',
  })
})
afterAll(() => stub.close())

describe('the page', () => {
  it('escapes everything, loads nothing and runs nothing', () => {
    const page = reportPage(evilReport)
    expect(page).not.toContain('<script')
    expect(page.replaceAll(/&#\d+;/g, '')).not.toContain('alert("')
    expect(page).not.toMatch(/\b(src=|href="[^#])/)
    expect(page).not.toContain('@import')
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  })

  it('shows every module with what the provider did, what was expected, what happened and the evidence', () => {
    const page = reportPage(report)
    for (const { module, does, expects, problems } of report.modules) {
      for (const text of [module, does, expects, ...problems]) expect(page).toContain(escaped(text))
    }
    expect(page).toContain('What the provider saw: ')
    for (const index of report.plans.keys()) expect(page).toContain(`<a href="#plan-${index}">`)
    expect(page).toContain(`${report.started_at}, in `)
    expect(page).toContain('id_token.iss_near_miss')
  })
})

describe('the JSON', () => {
  it('has the provider’s side of every module, in order', () => {
    const { calls } = report.modules[1]!
    expect(calls.filter(({ earlier }) => earlier !== true).map(({ endpoint, faults }) => [endpoint, faults])).toEqual([
      ['discovery', []],
      ['authorization', []],
      ['discovery', []],
      ['token', ['id_token.iss_near_miss']],
      ['discovery', []],
      ['jwks', ['jwks.decoys']],
      ['userinfo', []],
    ])
    expect(calls.find(({ endpoint }) => endpoint === 'token')!.token!.claims['iss']).toMatch(
      /^http:\/\/localhost:\d+\/1$/,
    )
  })

  it('has no code, token, secret or nonce', async () => {
    const text = JSON.stringify(report)
    // A token begins with a JSON object in base64url, and what is secret here is 43 or 64 characters long.
    expect(text).not.toMatch(/eyJ[\w-]{10}/)
    expect(text).not.toMatch(/"(code|client_secret|refresh_token|id_token_hint|nonce|sid)":"[\w-]/)
    const values = [...text.matchAll(/"([\w-]{43}|[0-9a-f]{64})"/g)].map(([, value]) => value!)
    expect(values.filter((value) => !value.startsWith('oidcc-') && !text.includes(`"kid":"${value}"`))).toEqual([])
  })

  it('is written beside the page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
    const files = await writeReport(report, join(folder, 'report'))
    expect(files.map((file) => file.slice(folder.length))).toEqual([
      '/report/conformance.json',
      '/report/conformance.html',
    ])
    expect(JSON.parse(await readFile(files[0]!, 'utf8'))).toEqual(JSON.parse(JSON.stringify(report)))
    expect(await readFile(files[1]!, 'utf8')).toBe(reportPage(report))
    await rm(folder, { recursive: true })
  })
})

describe('the words for a terminal and for a table', () => {
  it('count, and name what is wrong', () => {
    expect(summary(report)).toBe(`${countResults(report).passed} passed, ${countResults(report).failed} failed`)
    expect(moduleLine(report.modules[0]!)).toBe('PASSED        basic/oidcc-client-test')
    expect(moduleLine(report.modules[1]!).split('\n')).toEqual([
      'FAILED        basic/oidcc-client-test-invalid-iss',
      '              Login: the relying party signed the person in, and should have refused.',
      '              The relying party went on to userinfo after id_token.iss_near_miss had been delivered.',
    ])
  })

  it('are the same for the same verdicts', async () => {
    const again = await runConformance({ driver: stub.driver, plans: ['basic'], seed: 'another', concurrency: 1 })
    const [first] = markdownTable(report).split('\n\n## Back-channel')
    expect(first).toContain(markdownTable(again).trim())
  })
})

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
