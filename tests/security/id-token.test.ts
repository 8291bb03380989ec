/** Section C of the catalogue: claims of every type and at every boundary, generated. */
import { describe, expect, test } from 'vitest'
import type { Authenticated } from '@relying-party/core'
import { login, requests, verdict, type Login } from '../core/support/play.ts'
import { at, claims, halfHash, issuer, json, mint, secrets, tokenBody, type Minting } from '../core/support/provider.ts'
import fc from '../support/property.ts'

// ES256, which is signed in no time.
const presenting = (minting: Minting): Login => ({
  answers: { token: json(tokenBody({ id_token: mint({ alg: 'ES256', ...minting }) })) },
})
const judged = async (minting: Minting, rp: Login['rp'] = {}) => {
  const played = await login({ ...presenting(minting), rp })
  // Nobody is asked about somebody whom a bad token names.
  if (played.state.phase === 'failed') expect(requests(played).map(({ message }) => message)).not.toContain('userinfo')
  const said = verdict(played)
  return said === 'authenticated' ? said : said.code
}

/** Anything that JSON can say, but for the given type. */
const notA = (type: 'string' | 'number') =>
  fc.jsonValue({ maxDepth: 2 }).filter((value) => typeof value !== type && JSON.stringify(value) !== undefined)

describe('types', () => {
  test('a claim that is missing is refused (#43, #47, #50, #53, #57)', async () => {
    for (const claim of ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce']) {
      const expected = claim === 'nonce' ? 'id_token_nonce_mismatch' : 'id_token_claim_missing'
      expect([claim, await judged({ claims: { [claim]: undefined } })]).toEqual([claim, expected])
    }
  })

  test('iss, sub and nonce that are no strings are refused, whatever they are (#43, #57)', async () => {
    const inList = fc.constantFrom([issuer], [claims.sub], [claims.nonce])
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('iss', 'sub', 'nonce'),
        fc.oneof(notA('string'), inList),
        async (claim, value) => {
          expect(await judged({ claims: { [claim]: value } })).toMatch(
            /^id_token_(claim_invalid|claim_missing|nonce_mismatch)$/,
          )
        },
      ),
    )
  })

  test('times that are no numbers are refused, whatever they are (#50, #51, #53, #54, #56, #64)', async () => {
    const claim = fc.constantFrom('exp', 'iat', 'nbf', 'auth_time')
    await fc.assert(
      fc.asyncProperty(claim, fc.oneof(notA('number'), fc.constant(String(at + 60))), async (name, value) => {
        expect(await judged({ claims: { [name]: value } })).toMatch(/^id_token_claim_(invalid|missing)$/)
      }),
    )
  })

  test('an aud that does not hold exactly our client id is refused, whatever it is (#45, #47, #48)', async () => {
    const us = claims.aud
    const near = fc.constantFrom(`${us} `, ` ${us}`, us.slice(0, -1), `${us}1`, us.toUpperCase(), `${us}\u0000`, '*')
    const text = fc.oneof(fc.string(), near).filter((value) => value !== us)
    const aud = fc.oneof(notA('string'), text, fc.array(text), fc.array(fc.array(fc.constant(us)), { minLength: 1 }))
    const named = (value: unknown): boolean => Array.isArray(value) && value.includes(us)
    await fc.assert(
      fc.asyncProperty(
        aud.filter((value) => !named(value)),
        async (value) => {
          expect(await judged({ claims: { aud: value } })).toMatch(
            /^id_token_(aud_mismatch|claim_invalid|claim_missing)$/,
          )
        },
      ),
    )
  })

  test('an aud that holds others beside us is refused, unless azp is us (#46, #49)', async () => {
    const others = fc.array(fc.string(), { minLength: 1, maxLength: 5 })
    const azp = fc.option(fc.oneof(fc.string(), fc.jsonValue()), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(others, fc.nat(5), azp, async (list, place, party) => {
        const aud = list.toSpliced(place, 0, claims.aud)
        const ours = party === claims.aud
        expect(await judged({ claims: { aud, azp: party } })).toMatch(
          ours ? /^authenticated$/ : /^id_token_(aud_untrusted|azp_mismatch|claim_invalid)$/,
        )
        expect(await judged({ claims: { aud, azp: claims.aud } })).toBe('authenticated')
      }),
    )
  })

  test('an azp that is not us is refused, also beside a single audience (#49)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.jsonValue()).filter((value) => value !== claims.aud),
        async (azp) => {
          expect(await judged({ claims: { azp } })).toMatch(/^id_token_(azp_mismatch|claim_invalid)$/)
        },
      ),
    )
  })
})

describe('boundaries', () => {
  const { tolerance, age } = { tolerance: 30, age: 600 }
  const around = (edge: number) => fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer()).map((by) => edge + by)
  const check = (
    name: string,
    edge: number,
    accepted: (value: number) => boolean,
    code: string,
    rp: Login['rp'] = {},
  ) =>
    fc.assert(
      fc.asyncProperty(around(edge), async (value) => {
        const changed = { exp: at + 4_000_000_000, [name]: value }
        expect([value - edge, await judged({ claims: changed }, rp)]).toEqual([
          value - edge,
          accepted(value) ? 'authenticated' : code,
        ])
      }),
    )

  test('exp: later than now less the tolerance (#51)', () =>
    check('exp', at - tolerance, (value) => value > at - tolerance, 'id_token_expired'))

  test('nbf: not later than now and the tolerance (#56)', () =>
    check('nbf', at + tolerance, (value) => value <= at + tolerance, 'id_token_not_yet_valid'))

  test('iat: not later than now and the tolerance (#54)', () =>
    check(
      'iat',
      at + tolerance,
      (value) => value <= at + tolerance && value >= at - age - tolerance,
      'id_token_iat_unreasonable',
    ))

  test('iat: not earlier than ten minutes and the tolerance ago (#55)', () =>
    check(
      'iat',
      at - age - tolerance,
      (value) => value <= at + tolerance && value >= at - age - tolerance,
      'id_token_iat_unreasonable',
    ))

  test('auth_time: not earlier than max_age and the tolerance ago (#64)', () => {
    const max_age = 3600
    const edge = at - max_age - tolerance
    const rp = { client: { max_age } }
    return fc.assert(
      fc.asyncProperty(
        around(edge).filter((value) => value >= 0),
        async (auth_time) => {
          expect(await judged({ claims: { auth_time } }, rp)).toBe(
            auth_time >= edge ? 'authenticated' : 'id_token_auth_time_too_old',
          )
        },
      ),
    )
  })
})

describe('whose token it is', () => {
  test('the ID Token of another login, of the same or of another person, is refused (#41, #59)', async () => {
    const earlier = mint({ claims: { nonce: 'nonce-of-another-login' } })
    const somebodyElse = mint({ claims: { nonce: 'nonce-of-another-login', sub: 'user-2' } })
    for (const id_token of [earlier, somebodyElse]) {
      const played = await login({ answers: { token: json(tokenBody({ id_token })) } })
      expect(verdict(played)).toEqual({ code: 'id_token_nonce_mismatch' })
    }
  })

  test('the access token of somebody else beside our ID Token is refused by its at_hash (#41, #62)', async () => {
    const id_token = mint({ claims: { at_hash: halfHash('sha256', secrets.access_token) } })
    const played = await login({ answers: { token: json(tokenBody({ id_token, access_token: 'of-somebody-else' })) } })
    expect(verdict(played)).toEqual({ code: 'id_token_at_hash_mismatch' })
  })

  test('an at_hash or c_hash that is not the very one is refused, whatever it is (#62, #63)', async () => {
    const right = { at_hash: halfHash('sha256', secrets.access_token), c_hash: halfHash('sha256', secrets.code) }
    const wrong = fc.oneof(
      fc.string(),
      fc.jsonValue(),
      fc.constantFrom(
        halfHash('sha384', secrets.access_token),
        halfHash('sha512', secrets.code),
        `${right.at_hash}=`,
        right.at_hash.toLowerCase(),
        right.c_hash.slice(1),
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('at_hash', 'c_hash'), wrong, async (name, value) => {
        expect(await judged({ claims: { ...right, [name]: value } })).toMatch(
          /^id_token_((at|c)_hash_mismatch|malformed)$/,
        )
      }),
    )
    expect(await judged({ claims: right })).toBe('authenticated')
  })

  test('subjects that differ in case are two people (#61)', async () => {
    const identityOf = async (sub: string) =>
      ((await login(presenting({ claims: { sub } }))).state as Authenticated).identity
    const [capital, small] = [await identityOf('Alice'), await identityOf('alice')]
    expect([capital.subject, small.subject]).toEqual(['Alice', 'alice'])
  })

  test('an issuer of Entra ID that speaks for every tenant is no issuer of a tenant’s token (#44)', async () => {
    const template = 'https://login.microsoftonline.com/{tenantid}/v2.0'
    for (const iss of [template, template.replace('{tenantid}', 'common'), `${issuer}/tenant-1/v2.0`]) {
      expect(await judged({ claims: { iss, tid: 'tenant-1' } })).toBe('id_token_iss_mismatch')
    }
  })

  test('acr_values: whatever acr is not among them is refused (#65)', async () => {
    const rp = { client: { acr_values: 'phr mfa' } }
    const acr = fc.oneof(fc.string(), fc.jsonValue(), fc.constantFrom('phr mfa', 'phr ', 'PHR', ['phr'], 'toString'))
    await fc.assert(
      fc.asyncProperty(
        acr.filter((value) => value !== 'phr' && value !== 'mfa'),
        async (value) => {
          expect(await judged({ claims: { acr: value } }, rp)).toMatch(
            /^id_token_(acr_not_satisfied|claim_invalid|malformed)$/,
          )
        },
      ),
    )
  })
})

describe('what else a token says', () => {
  test('only the boolean true verifies an e-mail address (#66)', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('true', 'TRUE', 'false', 1, '1', [true], { value: true }))
    await fc.assert(
      fc.asyncProperty(value, async (email_verified) => {
        const { state } = await login({
          ...presenting({ claims: { email_verified } }),
          rp: { client: { scope: 'openid' } },
        })
        if (state.phase === 'authenticated') expect(state.access.email_verified).toBe(email_verified === true)
      }),
    )
  })

  test('claims named like members of every object change nothing (#67)', async () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']
    for (const name of names) {
      const evil = name === '__proto__' ? '{"email_verified":true,"role":"admin","polluted":true}' : 'true'
      const payload = JSON.stringify({ ...claims, email_verified: false }).replace('{', `{"${name}":${evil},`)
      const { state } = await login(presenting({ payload }))
      expect(state).toMatchObject({ phase: 'authenticated', access: { email_verified: false, role: 'read' } })
      expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    }
  })

  test('claims that live elsewhere are fetched from nowhere, however they are named (#71)', async () => {
    const sources = { src: { endpoint: 'https://169.254.169.254/', access_token: 'x' }, jwt: { JWT: mint() } }
    const said = { _claim_names: { groups: 'src', email: 'jwt' }, _claim_sources: sources }
    const played = await login({ ...presenting({ claims: said }), rp: { client: { userinfo: 'always' } } })
    expect(verdict(played)).toBe('authenticated')
    expect(new Set(requests(played).map(({ url }) => new URL(url).origin))).toEqual(new Set([issuer]))
  })

  test('a role is given for one of our values in a list or alone, and for nothing that only looks like it (#72)', async () => {
    const policy = { role_mapping: { claim: 'groups', rules: [{ value: 'admins', role: 'admin' }] } }
    const groups = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('admins,users', 'admins users', ['Admins'], [['admins']], { admins: true }, [{ name: 'admins' }]),
    )
    await fc.assert(
      fc.asyncProperty(groups, async (value) => {
        const { state } = await login({ ...presenting({ claims: { groups: value } }), rp: { policy } })
        const named = value === 'admins' || (Array.isArray(value) && (value as unknown[]).includes('admins'))
        if (state.phase === 'authenticated') expect(state.access.role).toBe(named ? 'admin' : 'read')
      }),
    )
  })

  test('no claim is used before every check has passed: a failed login tells nothing of whom the token names (#73)', async () => {
    const canary = 'canary-person'
    const named = { sub: canary, email: `${canary}@acme.example`, name: canary, groups: [canary] }
    const broken: Minting[] = [
      { claims: { ...named, nonce: 'other' } },
      { claims: { ...named, exp: 1 } },
      { claims: named, key: 'rsa_next', header: { kid: 'rsa-1' } },
      { claims: named, header: { kid: 'unknown' } },
      { claims: named, alg: 'none' },
    ]
    for (const minting of broken) {
      const { state, effects } = await login(presenting(minting))
      expect(state.phase).toBe('failed')
      expect(JSON.stringify([state, effects])).not.toContain(canary)
    }
  })
})
