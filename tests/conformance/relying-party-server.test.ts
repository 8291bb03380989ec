/** Our own server, through every plan: the run itself, as `pnpm conformance` does it. */
import { moduleLine, runConformance } from '@relying-party/mock-idp'
import { expect, it } from 'vitest'
import { resultsPage } from '../../conformance/pages.ts'
import createDriver from '../../conformance/relying-party-server.ts'

it('the server passes every module that it supports, with typed codes and without warnings, within a minute; RESULTS.md says so', async () => {
  const report = await runConformance({ driver: createDriver() })
  const notable = report.modules.filter(({ result, warnings }) => result !== 'passed' || warnings.length > 0)
  const failed = notable.filter(({ result, warnings }) => result !== 'not_supported' || warnings.length > 0)
  expect(failed.map(moduleLine)).toEqual([])
  expect(notable.map(({ module }) => module)).toEqual([
    'oidcc-client-test-userinfo-bearer-body',
    'oidcc-client-test-distributed-claims',
    'oidcc-client-test-mtls-endpoint-aliases',
  ])
  await expect(resultsPage(report)).toMatchFileSnapshot('../../conformance/RESULTS.md')
}, 60_000)
