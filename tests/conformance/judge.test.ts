/** The judge says no: to who accepts everything, to who refuses everything, and to who gives no answer at all. */
import { runConformance } from '@relying-party/mock-idp'
import type { ModuleReport, Plan } from '@relying-party/mock-idp'
import { describe, expect, it } from 'vitest'
import { facts } from './facts.ts'
import { startStub, type Manner } from './stub-relying-party.ts'

async function run(manner: Manner, plans?: (Plan | string)[]): Promise<ModuleReport[]> {
  const stub = await startStub(manner)
  try {
    return (await runConformance({ driver: stub.driver, ...(plans !== undefined && { plans }) })).modules
  } finally {
    await stub.close()
  }
}

const expectedOf = (module: string) => facts.find(([name]) => name === module)?.[1]
const results = (reports: ModuleReport[], expected: string) =>
  Object.fromEntries(
    reports
      .filter(({ module, result }) => expectedOf(module) === expected && result !== 'not_supported')
      .map(({ plan, module, result, problems }) => [
        `${plan}/${module}`,
        [result, ...problems.slice(0, result === 'failed' ? 0 : 9)],
      ]),
  )
const all = (reports: ModuleReport[], expected: string, result: string) =>
  expect(results(reports, expected)).toEqual(
    Object.fromEntries(Object.keys(results(reports, expected)).map((name) => [name, [result]])),
  )

describe('a relying party that accepts everything', () => {
  it('fails every module with something to refuse, and passes those without', async () => {
    const reports = await run('accepts_everything')
    all(reports, 'refused', 'failed')
    all(reports, 'accepted', 'passed')
    expect(Object.keys(results(reports, 'refused')).length).toBeGreaterThan(25)
  })
})

describe('a relying party that refuses everything', () => {
  it('fails every module without anything to refuse', async () => {
    const reports = await run('refuses_everything')
    all(reports, 'accepted', 'failed')
    const basic = reports.filter(({ plan }) => plan === 'basic')
    // Who never asks for UserInfo cannot have refused what it says.
    const { 'basic/oidcc-client-test-userinfo-invalid-sub': userinfo, ...others } = results(basic, 'refused')
    expect(userinfo).toEqual(['failed'])
    expect([...new Set(Object.values(others).map(([result]) => result))]).toEqual(['passed'])
    expect(basic.find(({ module }) => module.endsWith('invalid-iss'))!.warnings).toEqual([
      'The driver does not say what no means (here it should be id_token_iss), so that was not judged.',
    ])
  })
})

describe.each(['crashes', 'hangs_up'] as const)('a relying party that %s', (manner) => {
  it('passes nothing, although it calls nothing that is forbidden', async () => {
    const reports = await run(manner, ['basic', 'refresh_token'])
    expect(reports.map(({ result }) => result)).toEqual(reports.map(() => 'failed'))
    const { problems } = reports.find(({ module }) => module.endsWith('invalid-iss'))!
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^Login: no answer that could be read: /)
  })
})

describe('a relying party that skips UserInfo', () => {
  it('passes nothing that is to be accepted', async () => {
    const reports = await run('skips_userinfo', ['basic'])
    all(reports, 'accepted', 'failed')
    expect(reports[0]!.problems).toEqual(['The provider saw no request at userinfo, and should have seen one.'])
  })
})

describe('a relying party that refuses and signs in', () => {
  it('is found out', async () => {
    const [report] = await run('refuses_and_signs_in', [
      {
        name: 'x',
        title: 'x',
        plan: 'x',
        certification: false,
        response_mode: 'query',
        modules: ['oidcc-client-test-invalid-aud'],
      },
    ])
    expect(report!.result).toBe('failed')
    expect(report!.problems).toContain('Login: it was refused, and yet somebody is signed in.')
  })
})

describe('a run', () => {
  it('fails a module of a plan that has no row', async () => {
    const plan = { name: 'new', title: 'New', plan: 'new-plan', certification: true, response_mode: 'query' as const }
    const [report] = await run('accepts_everything', [{ ...plan, modules: ['oidcc-client-test-of-tomorrow'] }])
    expect(report).toMatchObject({ result: 'failed', problems: ['There is no row for this module.'] })
  })

  it('reports what a relying party cannot do with the reason, and passes none of it', async () => {
    const reports = await run('accepts_everything', ['comprehensive'])
    const unable = reports.filter(({ result }) => result === 'not_supported')
    expect(unable.map(({ module, reason }) => [module, reason])).toEqual([
      [
        'oidcc-client-test-userinfo-bearer-body',
        'userinfo_in_body: the driver does not say that the relying party can.',
      ],
      [
        'oidcc-client-test-distributed-claims',
        'distributed_claims: the driver does not say that the relying party can.',
      ],
      ['oidcc-client-test-mtls-endpoint-aliases', 'mtls: the driver does not say that the relying party can.'],
    ])
  })

  it('holds a relying party to its word where either is right', async () => {
    const stub = await startStub('accepts_everything')
    const module = 'oidcc-client-test-idtoken-sig-none'
    const driver = (promises: Record<string, 'refused'>) => ({ ...stub.driver, promises })
    const result = async (promises: Record<string, 'refused'>) =>
      (await runConformance({ driver: driver(promises), plans: ['basic'], modules: [module] })).modules[0]!.result
    expect([await result({}), await result({ [module]: 'refused' })]).toEqual(['passed', 'failed'])
    const logout = 'oidcc-client-test-rp-init-logout-other-state'
    const { modules } = await runConformance({
      driver: driver({ [logout]: 'refused' }),
      plans: ['rp_initiated_logout'],
      modules: [logout],
    })
    expect(modules[0]!.problems).toEqual(['Logout: the relying party took it for good, and should have refused.'])
    await stub.close()
  })
})
