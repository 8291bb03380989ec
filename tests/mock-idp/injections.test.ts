/** What an injection is: how often it strikes, for whom, with what else, and with which value. */
import { describeFaults } from '@relying-party/mock-idp'
import { beforeEach, describe, expect, it } from 'vitest'
import { basic, changed, decode, getCode, login, mockFor, requestToken, userinfo, web } from './support.ts'

const catalogue = describeFaults()
const faultsOfIdToken = catalogue.filter(({ name }) => name.startsWith('id_token.'))
const scope = 'openid profile email groups'
const acr_values = 'urn:okta:loa:1fa:pwd'

const mock = mockFor({
  clients: [web, { ...web, client_id: '0oabcl' }],
  seed: 1,
  clock: { now: 1_800_000_000, frozen: true },
})
beforeEach(() => mock().reset())

describe('an injection', () => {
  const nonce = async (issuer = mock().issuer, change = {}) =>
    decode((await login(issuer, change)).id_token).payload['nonce']

  it('strikes as often as was said', async () => {
    mock().inject('id_token.nonce_mismatch', { times: 2 })
    const seen = [await nonce(), await nonce(), await nonce()]
    expect(seen.map((each) => each === 'the-nonce')).toEqual([false, false, true])
  })

  it('sticks until it is removed', async () => {
    const fault = mock().inject('id_token.nonce_mismatch')
    expect([await nonce(), await nonce()]).not.toContain('the-nonce')
    expect(fault.struck).toBe(2)
    fault.remove()
    expect(await nonce()).toBe('the-nonce')
  })

  it('may be meant for one client', async () => {
    mock().inject('id_token.nonce_mismatch', { client_id: '0oabcl' })
    expect(await nonce()).toBe('the-nonce')
    const code = await getCode(mock().issuer, { client_id: '0oabcl' })
    const { body } = await requestToken(mock().issuer, { code }, { authorization: basic('0oabcl', web.client_secret!) })
    expect(decode(body['id_token']!).payload['nonce']).not.toBe('the-nonce')
  })

  it('may be meant for one authorization server', async () => {
    mock().inject('id_token.nonce_mismatch', { issuer: 'custom' })
    expect(await nonce()).toBe('the-nonce')
    expect(await nonce(mock().customIssuer)).not.toBe('the-nonce')
  })

  it('of the whole catalogue, meant for another client or the other server, changes nothing', async () => {
    const everything = async () => {
      const { access_token, ...tokens } = await login(mock().issuer, { scope, acr_values })
      const urls = [`${mock().issuer}/.well-known/openid-configuration`, `${mock().issuer}/oauth2/v1/keys`]
      const documents = await Promise.all(urls.map(async (url) => (await fetch(url)).json()))
      return [tokens, ...documents, await (await userinfo(mock().issuer, access_token)).json()]
    }
    const honest = await everything()
    for (const scoped of [{ client_id: '0oabcl' }, { issuer: 'custom' as const }]) {
      mock().reset()
      for (const { name } of catalogue) mock().inject(name, scoped)
      expect(await everything()).toEqual(honest)
      expect(mock().faults.filter(({ struck }) => struck > 0)).toEqual([])
    }
  })

  it('combines with every other that touches something else', async () => {
    const issue = async () => decode((await login(mock().issuer, { scope, acr_values })).id_token).payload
    const honest = await issue()
    mock().reset()
    const touched = new Set<string>()
    for (const { name, touches } of faultsOfIdToken) {
      if (touches.some((part) => touched.has(part) || !part.startsWith('payload.'))) continue
      for (const part of touches) touched.add(part)
      mock().inject(name, { times: 1 })
    }
    expect(touched.size).toBeGreaterThan(8)
    expect(changed(honest, await issue()).map((part) => `payload.${part}`)).toEqual([...touched].sort())
  })

  it('combines with others', async () => {
    mock().inject('id_token.nonce_mismatch')
    mock().inject('id_token.aud_near_miss')
    mock().inject('token.token_type_lower_case')
    const { body } = await requestToken(mock().issuer, { code: await getCode(mock().issuer) })
    expect(body['token_type']).toBe('bearer')
    expect(decode(body['id_token']!).payload).toMatchObject({ aud: '0oaweb1', nonce: 'the-nonce-of-another-login' })
    expect(mock().requests.last('token')!.faults).toEqual([
      'id_token.nonce_mismatch',
      'id_token.aud_near_miss',
      'token.token_type_lower_case',
    ])
  })

  it('takes another value', async () => {
    mock().inject('id_token.nonce_mismatch', { value: 'mine' })
    expect(await nonce()).toBe('mine')
  })

  it('needs a name of the catalogue, and helps to find it', () => {
    expect(() => mock().inject('id_token.nonce_wrong')).toThrow(
      /no fault id_token\.nonce_wrong; .*id_token\.nonce_mismatch/,
    )
  })
})
