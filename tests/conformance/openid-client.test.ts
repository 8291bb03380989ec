/**
 * The true verdicts about an independent relying party, openid-client, as it comes and with its switch for
 * non-repudiation: the judge says no exactly where signatures are not checked.
 */
import { runConformance } from '@relying-party/mock-idp'
import { describe, expect, it } from 'vitest'
import { createDriver } from '../../conformance/openid-client.ts'

async function verdicts(non_repudiation: boolean): Promise<Record<string, string>> {
  const { modules } = await runConformance({ driver: createDriver({ non_repudiation }) })
  const notable = modules.filter(({ result }) => result !== 'passed')
  return Object.fromEntries(
    notable.map(({ plan, module, result }) => [`${plan}/${module.replace('oidcc-client-test-', '')}`, result]),
  )
}

/** What the library leaves out, or leaves to the application: the same either way. */
const either = {
  ...Object.fromEntries(
    ['', '-alg-none', '-no-event', '-with-nonce', '-wrong-alg', '-wrong-aud', '-wrong-event', '-wrong-iss'].map(
      (what) => [`backchannel_logout/rp-backchannel-rpinitlogout${what}`, 'not_supported'],
    ),
  ),
  'comprehensive/userinfo-bearer-body': 'not_supported',
  'comprehensive/distributed-claims': 'not_supported',
  'comprehensive/mtls-endpoint-aliases': 'not_supported',
  // Without the switch no key is fetched at all; with it, not again within a minute.
  'config/signing-key-rotation-just-before-signing': 'failed',
  'config/signing-key-rotation': 'failed',
  // Comparing the subject of a refreshed ID Token is left to the application, and this one does not.
  'refresh_token/refresh-token-invalid-sub': 'failed',
}

describe('openid-client', () => {
  it('as it comes fails where a signature or a key must be looked at', async () => {
    expect(await verdicts(false)).toEqual({
      ...either,
      'basic/invalid-sig-rs256': 'failed',
      'basic/kid-absent-single-jwks': 'failed',
      'basic/idtoken-sig-rs256': 'failed',
      'form_post/invalid-sig-rs256': 'failed',
      'form_post/kid-absent-single-jwks': 'failed',
      'form_post/idtoken-sig-rs256': 'failed',
      'config/discovery-jwks-uri-keys': 'failed',
      'comprehensive/invalid-sig-es256': 'failed',
      'comprehensive/invalid-sig-hs256': 'failed',
    })
  }, 60_000)

  it('with its switch for non-repudiation passes Basic and Form Post whole', async () => {
    expect(await verdicts(true)).toEqual({ ...either, 'comprehensive/invalid-sig-hs256': 'not_supported' })
  }, 60_000)
})
