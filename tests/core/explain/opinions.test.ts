/**
 * Two opinions on one login: the judge's and the explanation's. A login is refused if and only if a check fails, and the
 * code that refused it is the code of a failed check. Whatever was played replays to the same bytes, and no transcript
 * holds anything that works anywhere else. All of them have the form that the published schema promises.
 */
import { expect, test } from 'vitest'
import { checks as rules, explain, replaysIdentically, type Transcript } from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { isTranscript } from '../../../packages/server/src/cli/transcript-file.ts'
import fc from '../../support/property.ts'
import type { Login } from '../support/play.ts'
import {
  type Answers,
  at,
  claims,
  halfHash,
  html,
  issuer,
  json,
  jwks,
  known,
  metadata,
  mint,
  secrets,
  tokenBody,
  userinfo,
} from '../support/provider.ts'
import { recorded } from '../support/recorded.ts'

type Changed = Readonly<Record<string, unknown>>

/** Some members of a message, each replaced by one of the values that are worth trying; mostly none, to get further. */
function changes(values: Readonly<Record<string, readonly unknown[]>>, weight = 1): fc.Arbitrary<Changed> {
  const one = fc
    .constantFrom(...Object.keys(values))
    .chain((member) => fc.constantFrom(...values[member]!).map((value) => [member, value] as const))
  const some = fc.array(one, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs))
  return fc.oneof({ weight: 8, arbitrary: fc.constant({}) }, { weight, arbitrary: some })
}

const odd = [undefined, null, '', 0, -1, true, [], {}, 'x', 'ä', Infinity] as const
const times = [
  at - 631,
  at - 630,
  at - 31,
  at - 30,
  at - 29,
  at,
  at + 30,
  at + 31,
  at + 0.5,
  1e12,
  Infinity,
  '1',
  null,
  undefined,
  -1,
]

const badAnswers: readonly NonNullable<Answers['jwks']>[] = [
  html(),
  html(500),
  json({}, { status: 429 }),
  json({}, { status: 302, headers: { location: 'https://elsewhere.example/x' } }),
  json({}, { status: 204 }),
  json({}, { status: 404 }),
  { status: 200, headers: { 'content-type': 'application/json' }, body: '{"truncated' },
  json([]),
  json(null),
  json({ error: 'invalid_client' }, { status: 401 }),
  json({ error: 'invalid_grant', error_description: 'a\u0000b' }),
  json({ error: 'server_error' }, { status: 400 }),
  json({ errorCode: 'E0000022', errorSummary: 'no' }, { status: 400 }),
  json({ errorCode: 'E0000022' }),
  'timed_out',
  'unreachable',
  'cut_off',
  'tls_failed',
  'no_tls',
  'too_large',
  'blocked',
]

/** More than is read of a list, of texts and of what is none. */
const many = Array.from({ length: 200 }, () => 'x')
const numbers = Array.from({ length: 200 }, () => 1)

/** A world of which everything is in order. */
const usual = {
  client: {},
  policy: {},
  known: undefined as number | undefined,
  missed: undefined as number | undefined,
  purpose: 'login' as 'login' | 'test',
  metadata: {},
  discovery: undefined as Answers['jwks'],
  response: {},
  duplicate: undefined as string | undefined,
  further_parameters: 0,
  late: at,
  other_organization: false,
  forgets: false,
  tokens: {},
  token: undefined as Answers['jwks'],
  claims: {},
  header: {},
  alg: 'RS256',
  key: undefined as 'rsa_next' | undefined,
  keys: jwks as unknown,
  jwks: undefined as Answers['jwks'],
  said: {},
  userinfo: undefined as Answers['jwks'],
  content_type: 'application/json',
}

type World = typeof usual

/** What a member of a message may be instead. */
const members = {
  client: {
    max_age: [60, 0],
    acr_values: ['urn:strong', 'a b'],
    userinfo: ['never', 'always'],
    id_token_signed_response_alg: ['RS256', 'ES256', 'HS256', 'PS256'],
    token_endpoint_auth_method: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'none',
    ],
    client_secret: [undefined],
    staged_client_secret: [secrets.staged_client_secret],
    response_mode: ['form_post'],
    scope: ['openid'],
  },
  policy: {
    allowed_email_domains: [['acme.example'], ['other.example']],
    default_role: [null],
    role_mapping: [
      { claim: 'groups', rules: [{ value: 'Engineering', role: 'admin' }] },
      { claim: 'roles.of', rules: [{ value: 'x', role: 'admin' }] },
    ],
  },
  metadata: {
    issuer: [...odd, `${issuer}/`],
    authorization_endpoint: [...odd, 'javascript:x', 'http://idp.example/a'],
    token_endpoint: [undefined, 'https://u:p@idp.example/', 'https://idp.example/t#f'],
    jwks_uri: [undefined, 'https://keys.example/keys'],
    userinfo_endpoint: [undefined, null, 7],
    response_types_supported: [
      ['id_token'],
      'code',
      undefined,
      null,
      [1, 'code'],
      [...many, 'code'],
      [...numbers, 'code'],
    ],
    id_token_signing_alg_values_supported: [
      ['none'],
      ['ES256'],
      ['HS256'],
      undefined,
      null,
      'RS256',
      ['ES256', ...many, 'RS256'],
      ['ES256', ...numbers, 'RS256'],
    ],
    token_endpoint_auth_methods_supported: [
      ['private_key_jwt'],
      [],
      undefined,
      null,
      ['client_secret_post'],
      'x',
      [...many, 'client_secret_post'],
      [...numbers, 'client_secret_post'],
    ],
    authorization_response_iss_parameter_supported: [true, false, null, 'true'],
    claims_supported: ['x'],
    backchannel_logout_supported: ['x'],
  },
  response: {
    state: [undefined, '', 'another'],
    code: [undefined, '', 'y'.repeat(8193), 'ü'],
    iss: [issuer, `${issuer}/`, ''],
    error: ['access_denied', 'invalid_scope', 'login_required', 'temporarily_unavailable', ''],
    error_description: ['User is not assigned to the client application.', '\u001b[31m'],
    id_token: ['x'],
    token: ['x'],
    session_state: ['x'],
  },
  tokens: {
    access_token: [...odd, 'with\nline'],
    token_type: [...odd, 'bearer', 'DPoP', 'mac'],
    expires_in: [...odd, '3600', -5, 'NaN', [3600], ['3600', 1], [[]], [null], '5 minutes'],
    refresh_token: [...odd, secrets.refresh_token],
    scope: [...odd],
    id_token: [undefined, null, '', 5, 'abc', 'a.b', 'a.b.c', 'a.b.c.d.e', 'x'.repeat(65_537)],
    error: ['invalid_client', ''],
    errorCode: ['E1'],
  },
  claims: {
    iss: [...odd, `${issuer}/`, 'https://idp.example/oauth2/default'],
    sub: [...odd, 's'.repeat(255), 's'.repeat(256)],
    aud: [...odd, ['client-1'], ['client-1', 'b'], ['b'], 'client-2', [[]]],
    azp: ['client-1', 'client-2', null],
    exp: times,
    iat: times,
    nbf: times,
    auth_time: times,
    nonce: [...odd, `${claims.nonce}x`],
    acr: ['urn:strong', 'b', '', 3],
    at_hash: [halfHash('sha256', secrets.access_token), 'x', 3, halfHash('sha512', secrets.access_token)],
    c_hash: [halfHash('sha256', secrets.code), 'x'],
    email: [undefined, 'eve@other.example', '', 4],
    email_verified: [undefined, false, 'true'],
    groups: [['Engineering'], ['engineering '], 'Engineering', {}, 3],
    deep: [JSON.parse('['.repeat(40) + ']'.repeat(40))],
  },
  header: {
    kid: [...odd, 'rsa-9'],
    alg: ['none', 'RS512', 'HS256', 'ES256', undefined, 3],
    crit: [['x'], []],
  },
  said: {
    sub: [...odd, 'user-2'],
    email: [undefined, 3],
    email_verified: ['true', false],
    groups: [['x'], 3],
  },
} satisfies Partial<Record<keyof World, Record<string, readonly unknown[]>>>

/** What a part of the world may be instead. */
const others = {
  known: [0, 100, 4000, 100_000],
  missed: [0, 29, 30],
  purpose: ['test'],
  discovery: badAnswers,
  duplicate: ['state', 'code', 'error_description', 'token', 'other'],
  further_parameters: [98, 99, 120],
  late: [at + 900, at + 901, at + 60],
  other_organization: [true],
  forgets: [true],
  token: badAnswers,
  alg: ['ES256', 'PS256', 'EdDSA', 'HS256'],
  key: ['rsa_next'],
  keys: [
    { keys: [] },
    { keys: {} },
    {},
    { keys: [null, ...jwks.keys] },
    { keys: [...jwks.keys, jwks.keys[0]] },
    { keys: jwks.keys.map((key) => ({ ...key, use: 'enc' })) },
    { keys: jwks.keys.map((key) => ({ ...key, kid: undefined })) },
    { keys: jwks.keys.map((key) => ({ ...key, d: 'canary-private-part', key_ops: ['verify'] })) },
    { keys: jwks.keys.map((key) => ({ ...key, n: 'AQAB' })) },
    { keys: Array.from({ length: 101 }, () => jwks.keys[0]) },
  ],
  jwks: badAnswers,
  userinfo: badAnswers,
  content_type: ['application/json; charset=utf-8', 'text/plain', 'application/jwt', ''],
} satisfies { readonly [P in keyof World]?: readonly World[P][] }

const changed = (part: keyof typeof members, weight?: number) => changes(members[part], weight)
const mostly = <P extends keyof typeof others>(part: P) =>
  fc.oneof(
    { weight: 14, arbitrary: fc.constant(usual[part]) },
    { weight: 1, arbitrary: fc.constantFrom(usual[part], ...(others[part] as readonly World[P][])) },
  )

const worlds: fc.Arbitrary<World> = fc.record({
  client: changed('client', 8),
  policy: changed('policy'),
  known: fc.constantFrom(usual.known, ...others.known),
  missed: fc.constantFrom(usual.missed, ...others.missed),
  purpose: mostly('purpose'),
  metadata: changed('metadata'),
  discovery: mostly('discovery'),
  response: changed('response'),
  duplicate: mostly('duplicate'),
  further_parameters: mostly('further_parameters'),
  late: mostly('late'),
  other_organization: mostly('other_organization'),
  forgets: fc.boolean(),
  tokens: changed('tokens'),
  token: mostly('token'),
  claims: changed('claims', 16),
  header: changed('header'),
  alg: mostly('alg'),
  key: mostly('key'),
  keys: mostly('keys'),
  jwks: mostly('jwks'),
  said: changed('said'),
  userinfo: mostly('userinfo'),
  content_type: mostly('content_type'),
})

function loginIn(world: World): Login {
  const { client, policy, known: age, discovery, token, tokens, keys, said } = world
  const document = { ...metadata, ...world.metadata }
  const headers = {
    'content-type': world.content_type,
    date: 'Tue, 18 Mar 2030 17:46:40 GMT',
    'set-cookie': 'canary=1',
  }
  const answer = (body: unknown) => {
    // As text: JSON has no word for a number out of range, but a peer can write one.
    const text = JSON.stringify(body, (_, value: unknown) => (value === Infinity ? '<∞>' : value)).replaceAll(
      '"<∞>"',
      '1e999',
    )
    return { status: 200, headers, body: text }
  }
  const parameters = Object.entries({ code: secrets.code, state: 'state-of-this-flow', ...world.response }).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, value as string] as const]),
  )
  const twice = parameters.filter(([name]) => name === world.duplicate)
  // What decides may come last.
  const further = Array.from({ length: world.further_parameters }, (_, index) => [`x${index}`, 'y'] as const)
  const key = world.alg === 'RS256' ? world.key : undefined
  const payload = JSON.stringify({ ...claims, ...world.claims }, (_, value: unknown) =>
    value === Infinity ? '<∞>' : value,
  )
  const id_token = mint({
    alg: world.alg,
    header: world.header,
    payload: payload.replaceAll('"<∞>"', '1e999'),
    ...(key && { key, header: { kid: 'rsa-1', ...world.header } }),
    ...(world.alg === 'HS256' && { key: Buffer.from(secrets.client_secret) }),
  })
  return {
    rp: { client, policy, ...(age !== undefined && known(age, world.missed)) },
    requested: { purpose: world.purpose },
    response: [...further, ...parameters, ...twice],
    received: { ...(world.other_organization && { organization_id: 'other' }) },
    now: world.late,
    forgets: world.forgets,
    answers: {
      provider_metadata: discovery ?? answer(document),
      token: token ?? answer(tokenBody({ id_token, ...tokens })),
      jwks: world.jwks ?? answer(keys),
      userinfo: world.userinfo ?? answer({ ...userinfo, ...said }),
    },
  } as Login
}

/** The nonce stands in the ID Token and is of no use once its flow is over. */
const canaries = [
  ...Object.values(secrets).filter((secret) => secret !== secrets.nonce),
  'canary-private-part',
  'canary=1',
]

function expectNoSecret(transcript: Transcript): void {
  const text = JSON.stringify(transcript)
  for (const canary of canaries) expect(text).not.toContain(canary)
}

const numRuns = Number(process.env.FC_RUNS ?? 400)

/** Both opinions of a login, before and after the person was at the provider, which agree; how it ended. */
async function ending(world: World): Promise<string> {
  const { transcript, begun } = await recorded(loginIn(world), nodeCrypto)
  if (begun !== transcript) expect(await told(begun)).toBe('unfinished')
  return told(transcript)
}

async function told(transcript: Transcript): Promise<string> {
  const { checks, cause } = explain(transcript)
  const failed = checks.filter(({ outcome }) => outcome === 'failed')
  for (const { id, problem } of checks) {
    const { codes, near_misses = [] } = rules[id]
    if (problem?.code != null) expect(codes, id).toContain(problem.code)
    if (problem?.near_miss != null) expect(near_misses, id).toContain(problem.near_miss)
  }
  const carried = JSON.parse(JSON.stringify(transcript)) as Transcript
  expect(carried).toStrictEqual(transcript)
  expect(await replaysIdentically(carried)).toBe(true)
  expect(explain(carried)).toStrictEqual({ checks, cause })
  expectNoSecret(transcript)
  expect(isTranscript(carried), JSON.stringify(isTranscript.errors)).toBe(true)
  const { verdict } = transcript
  if (verdict.outcome !== 'failed') {
    expect(failed, JSON.stringify(failed)).toEqual([])
    return verdict.outcome
  }
  expect(failed.map(({ problem }) => problem!.code)).toContain(verdict.failure.code)
  expect(cause!.problem!.code).toBe(verdict.failure.code)
  return verdict.failure.code
}

test('refused if and only if a check fails, with the code of one that failed; replayed to the same bytes', async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      seen.add(await ending(world))
    }),
    { numRuns },
  )
  expect(seen.size, [...seen].sort().join(' ')).toBeGreaterThan(25)
}, 600_000)

const shown = (value: unknown) => String(JSON.stringify(value)).slice(0, 100)

/** Every world of which one thing is otherwise. */
const single = [
  ...Object.entries(members).flatMap(([part, values]) =>
    Object.entries<readonly unknown[]>(values).flatMap(([member, all]) =>
      all.map((value) => [`${part}.${member}`, shown(value), { ...usual, [part]: { [member]: value } }] as const),
    ),
  ),
  ...Object.entries(others).flatMap(([part, all]) =>
    all.map((value) => [part, shown(value), { ...usual, [part]: value }] as const),
  ),
]

test.each(single)('one thing otherwise: %s: %s', async (_what, _value, world) => {
  await ending(world)
  // With everything known there is nothing to ask but tokens.
  if (world.known === undefined) await ending({ ...world, known: 0 })
  if (world.known === undefined) await ending({ ...world, known: 0, missed: 0 })
  await ending({ ...world, forgets: true })
})
