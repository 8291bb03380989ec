/** How the judge is asked: at the injected instant, whatever the ambient clock does meanwhile, and with our mistakes left ours. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  judgeAuthorizationResponse,
  judgeRefreshResponse,
  judgeTokenResponse,
  judgeUserInfoResponse,
} from '../../packages/core/src/protocol.ts'
import { at, claims, metadata, mint, random, relyingParty, tokenBody, userinfo } from './support/provider.ts'

const rp = relyingParty()
const expected = { nonce: random.nonce, at }

describe('the clock', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('an ambient second that passes while the judge judges changes nothing', async () => {
    const ambient = 1_700_000_000
    vi.spyOn(Date, 'now')
      .mockReturnValue((ambient + 1) * 1000)
      .mockReturnValueOnce(ambient * 1000 + 999)
    // Good for this very second and not for the next.
    const last = tokenBody({ id_token: mint({ claims: { exp: at - rp.tolerances.clock + 1 } }) })
    expect(await judgeTokenResponse(rp, metadata, last, expected)).toMatchObject({ claims: { sub: claims.sub } })
  })
})

describe('what is no judgement is thrown as it is', () => {
  const mistakes: readonly [string, unknown][] = [
    ['an error without a code', new Error('a mistake of ours')],
    ['a TypeError with a code: misuse of the judge', Object.assign(new TypeError('not a client'), { code: 'x' })],
    ['something that is no error', { code: 'x', message: 'a mistake of ours' }],
  ]
  test.each(mistakes)('%s', async (_what, mistake) => {
    const broken = {
      get access_token(): never {
        throw mistake
      },
      get sub(): never {
        throw mistake
      },
    }
    const parameters = Object.assign(new URLSearchParams(), {
      getAll(): never {
        throw mistake
      },
    })
    await expect(judgeTokenResponse(rp, metadata, broken, expected)).rejects.toBe(mistake)
    await expect(judgeRefreshResponse(rp, metadata, broken, at)).rejects.toBe(mistake)
    await expect(judgeUserInfoResponse(metadata, 'client-1', userinfo.sub, broken)).rejects.toBe(mistake)
    expect(() => judgeAuthorizationResponse(metadata, 'client-1', parameters, random.state)).toThrow(
      expect.toSatisfy((thrown: unknown) => thrown === mistake),
    )
  })
})

test.each<[object, object, string, RegExp]>([
  [{ access_token: 1 }, {}, 'token_response_malformed', /^access_token /],
  [{}, { iss: 1 }, 'id_token_claim_invalid', /^iss /],
  [{}, { exp: 'x' }, 'id_token_claim_invalid', /^exp /],
])(
  'names the member that is wrong, %j %j, in words that are not the library’s',
  async (members, changed, code, reason) => {
    const body = tokenBody({ id_token: mint({ claims: { ...changed } as Record<string, unknown> }), ...members })
    await expect(judgeTokenResponse(rp, metadata, body, expected)).rejects.toMatchObject({
      failure: { code, detail: { reason: expect.stringMatching(reason) as string } },
    })
  },
)
