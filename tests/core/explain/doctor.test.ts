/** A provider seen from outside: what is looked at, and what it is found to be. */
import { describe, expect, test } from 'vitest'
import { examineProvider, failures, nearMisses, type Io } from '@relying-party/core'
import { privateJwk, publicJwk } from '../support/keys.ts'
import { at, html, issuer, json, metadata, provider, type Answers } from '../support/provider.ts'

async function examined(answers: Answers, entered = issuer, mayCall?: (url: string) => boolean) {
  const respond = provider(answers)
  const asked: string[] = []
  const io: Io = {
    now: () => at,
    request: async (request) => {
      asked.push(request.url)
      const event = respond(request, at)
      return 'response' in event ? { response: event.response } : { failure: (event as { reason: 'timed_out' }).reason }
    },
  }
  const findings = await examineProvider(entered, io, mayCall)
  return { findings, asked }
}

/** `outcome id, spec`, and whether something is to be done. */
const told = ({ findings }: Awaited<ReturnType<typeof examined>>) =>
  Object.fromEntries(
    findings.map(({ id, outcome, spec, remedy }) => [
      id,
      `${outcome}${spec === null ? '' : `, ${spec}`}${remedy === null ? '' : ', with a remedy'}`,
    ]),
  )

const document = {
  discovery_answered: 'passed, OpenID Connect Discovery 1.0, section 4',
  discovery_status: 'passed, OpenID Connect Discovery 1.0, section 4.2',
  discovery_is_json: 'passed, OpenID Connect Discovery 1.0, section 4.2',
  discovery_issuer: 'passed, OpenID Connect Discovery 1.0, section 4.3',
  discovery_endpoints_present: 'passed, OpenID Connect Discovery 1.0, section 3',
  discovery_endpoints: 'passed, OpenID Connect Discovery 1.0, section 3',
  discovery_members: 'passed, OpenID Connect Discovery 1.0, section 3',
  discovery_response_type: 'passed, OpenID Connect Discovery 1.0, section 3',
  discovery_algorithm: 'passed, OpenID Connect Discovery 1.0, section 3',
}
const good = {
  ...document,
  offers_pkce: 'warned, RFC 9700, section 2.1.1, with a remedy',
  offers_client_authentication: 'passed',
  offers_algorithms: 'passed',
  offers_userinfo: 'passed',
  offers_logout: 'passed',
  keys_published: 'passed, RFC 7517, section 5',
  keys_public: 'passed, RFC 7517, section 9.2',
}

test('a good provider: the document, what it offers, and its keys', async () => {
  const examination = await examined({})
  expect(told(examination)).toStrictEqual(good)
  expect(examination.asked).toEqual([`${issuer}/.well-known/openid-configuration`, metadata.jwks_uri])
})

const documented = (changed: object): Answers => ({ provider_metadata: json({ ...metadata, ...changed }) })
const published = (...keys: unknown[]): Answers => ({ jwks: json({ keys }) })
const dated = (seconds: number): Answers => {
  const date = new Date((at + seconds) * 1000).toUTCString()
  return { provider_metadata: json(metadata, { headers: { 'content-type': 'application/json', date } }) }
}
const rsa = publicJwk('rsa')

test.each<[string, Answers, Partial<Record<string, string>>]>([
  ['PKCE', documented({ code_challenge_methods_supported: ['plain', 'S256'] }), { offers_pkce: 'passed, RFC 7636' }],
  ['PKCE, plain alone', documented({ code_challenge_methods_supported: ['plain'] }), {}],
  ['no client authentication named', documented({ token_endpoint_auth_methods_supported: undefined }), {}],
  ...['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'].map(
    (method) =>
      [method, documented({ token_endpoint_auth_methods_supported: ['x', method] }), {}] as [string, Answers, object],
  ),
  [
    'no client authentication that we know',
    documented({ token_endpoint_auth_methods_supported: ['tls_client_auth'] }),
    { offers_client_authentication: 'failed, OpenID Connect Discovery 1.0, section 3, with a remedy' },
  ],
  ['no UserInfo', documented({ userinfo_endpoint: undefined }), { offers_userinfo: 'warned, with a remedy' }],
  ['no logout', documented({ end_session_endpoint: undefined }), { offers_logout: 'warned, with a remedy' }],
  ['no keys', published(), { keys_published: 'failed, RFC 7517, section 5, with a remedy' }],
  [
    'no key that signs',
    published({ ...rsa, use: 'enc' }),
    { keys_published: 'failed, RFC 7517, section 5, with a remedy' },
  ],
  ['a key that does not say its use', published({ ...rsa, use: undefined }), {}],
  [
    'a weak key',
    published(rsa, publicJwk('rsa_weak')),
    { keys_suitable: 'failed, RFC 7518, section 3.3, with a remedy' },
  ],
  ['a weak key that does not sign', published(rsa, { ...publicJwk('rsa_weak'), use: 'enc' }), {}],
  [
    'two keys of one name',
    published(rsa, publicJwk('p256'), { ...publicJwk('p384'), kid: rsa.kid }),
    { keys_named: 'warned, RFC 7517, section 4.5, with a remedy' },
  ],
  ['one key without a name', published({ ...rsa, kid: undefined }), {}],
  [
    'a private key',
    published(rsa, null, 'x', privateJwk('p256')),
    { keys_public: 'failed, RFC 7517, section 9.2, with a remedy' },
  ],
  [
    'a secret key',
    published(rsa, { kty: 'oct', k: 'x' }),
    { keys_public: 'failed, RFC 7517, section 9.2, with a remedy' },
  ],
  ['a clock that goes right', dated(0), { clock: 'passed' }],
  ['a clock that is a little behind', dated(-15), { clock: 'passed' }],
  ['a clock that is behind', dated(-16), { clock: 'warned, with a remedy' }],
  ['a clock that is ahead', dated(16), { clock: 'warned, with a remedy' }],
])('%s', async (_what, answers, otherwise) => {
  expect(told(await examined(answers))).toStrictEqual({ ...good, ...otherwise })
})

test.each<[string, Answers]>([
  ['cannot be fetched', { jwks: 'timed_out' }],
  ['are a page', { jwks: html() }],
])('of keys that %s nothing else is said', async (_what, answers) => {
  const { keys_public: _, ...rest } = good
  const keys_published = 'failed, RFC 7517, section 5, with a remedy'
  expect(told(await examined(answers))).toStrictEqual({ ...rest, keys_published })
})

test.each(['token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const)(
  'a %s that would not be called is named, also where nobody calls it now',
  async (member) => {
    const address = 'https://10.0.0.1/x'
    const examination = await examined(documented({ [member]: address }), issuer, (url) => url !== address)
    expect(told(examination)).toStrictEqual({ ...good, [member]: 'failed, with a remedy' })
    expect(examination.findings.find(({ id }) => id === member)!.finding).toContain(address)
  },
)

test('of endpoints that are not there, or that nobody calls, it is not asked', async () => {
  const asked: string[] = []
  const mayCall = (url: string) => asked.push(url) > 0
  await examined(documented({ userinfo_endpoint: undefined }), issuer, mayCall)
  expect(asked).toEqual([metadata.token_endpoint, metadata.jwks_uri])
})

test.each(['blocked', 'unreachable'] as const)('keys that are %s: in the words of that', async (reason) => {
  const { findings } = await examined({ jwks: reason })
  const { message, remedy } = reason === 'blocked' ? nearMisses.endpoint_not_called : failures.request_failed
  const finding = expect.stringContaining(message) as string
  expect(findings.find(({ id }) => id === 'keys_published')).toMatchObject({ outcome: 'failed', finding, remedy })
})

test('two keys without a name are two of one name', async () => {
  const nameless = published({ ...rsa, kid: undefined }, { ...publicJwk('p256'), kid: undefined })
  expect(told(await examined(nameless))).toStrictEqual({
    ...good,
    keys_named: 'warned, RFC 7517, section 4.5, with a remedy',
  })
})

describe('without a document that can be used', () => {
  test('nothing else is looked at but the clock', async () => {
    const date = new Date((at - 40) * 1000).toUTCString()
    const page = { ...html(), headers: { ...html().headers, date } }
    const examination = await examined({ provider_metadata: page })
    expect(told(examination)).toStrictEqual({
      discovery_answered: document.discovery_answered,
      discovery_status: document.discovery_status,
      discovery_is_json: `${document.discovery_is_json.replace('passed', 'failed')}, with a remedy`,
      clock: 'warned, with a remedy',
    })
    expect(examination.asked).toHaveLength(1)
  })

  test('no answer: that alone', async () => {
    const examination = await examined({ provider_metadata: 'unreachable' })
    expect(told(examination)).toStrictEqual({
      discovery_answered: `${document.discovery_answered.replace('passed', 'failed')}, with a remedy`,
    })
    expect(examination.findings[0]!.remedy).toBe(nearMisses.issuer_unreachable.remedy)
  })

  test('what can be copied stands in the remedy, what came in the finding', async () => {
    const answers = documented({ issuer: `${issuer}/` })
    const { findings } = await examined(answers)
    const wrong = findings.find(({ id }) => id === 'discovery_issuer')!
    expect(wrong.outcome).toBe('failed')
    expect(wrong.remedy).toContain(`(${issuer}/)`)
    expect(wrong.finding).toContain(`${issuer}/.`)
  })
})

test('what is not announced is what the specification says', async () => {
  const silent = documented({ id_token_signing_alg_values_supported: undefined })
  const { findings } = await examined(silent)
  expect(findings.find(({ id }) => id === 'offers_algorithms')!.finding).toMatch(/ with RS256\.$/)
})

test('what is said of a document is what its failure says', async () => {
  const { findings } = await examined(documented({ token_endpoint: undefined }))
  const { message, remedy } = failures.discovery_metadata_missing
  expect(findings.find(({ outcome }) => outcome === 'failed')).toMatchObject({ finding: message, remedy })
})

test('what is not a broken rule is thrown', async () => {
  const respond = provider()
  const io: Io = {
    now: () => at,
    request: async (request) =>
      request.message === 'jwks' ? { response: null as never } : (respond(request, at) as never),
  }
  await expect(examineProvider(issuer, io)).rejects.toThrow(TypeError)
})

test('how many and which are named', async () => {
  const { findings } = await examined({
    ...documented({
      token_endpoint_auth_methods_supported: ['x', 'client_secret_post', 'none'],
      id_token_signing_alg_values_supported: ['none', 'RS256', 'ES256'],
    }),
    ...published(rsa, publicJwk('p256'), publicJwk('rsa_weak'), { ...publicJwk('p384'), kid: rsa.kid }),
  })
  const finding = (id: string) => findings.find((one) => one.id === id)!.finding
  expect(finding('offers_client_authentication')).toContain('client_secret_post, none.')
  expect(finding('offers_algorithms')).toMatch(/ with RS256, ES256\.$/)
  expect(finding('keys_published')).toMatch(/^4 /)
  expect(finding('keys_suitable')).toMatch(/^1 /)
  expect(finding('keys_named')).toContain(rsa.kid)
})
