/** TEST KEYS: fixed, public, good for nothing else. Signing is done here, by Node's own crypto, apart from the core. */
import {
  constants,
  createHmac,
  createPrivateKey,
  sign as signWithKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import keys from '../fixtures/test-keys.json' with { type: 'json' }

export type KeyName = 'rsa' | 'rsa_next' | 'rsa_weak' | 'p256' | 'p384' | 'p521' | 'ed25519'
export type TestJwk = Readonly<Record<string, unknown>>

/** The public half of a test key, with the members that a provider publishes. */
export function publicJwk(name: KeyName, members: TestJwk = {}): TestJwk {
  const { kty, kid, crv, n, e, x, y } = keys[name] as Record<string, string>
  return JSON.parse(JSON.stringify({ kty, kid, use: 'sig', crv, n, e, x, y, ...members })) as TestJwk
}

/** A test key with its private half, as a careless provider would publish it. */
export function privateJwk(name: KeyName): TestJwk {
  return { use: 'sig', ...(keys[name] as Record<string, string>) }
}

export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)).toString(
    'base64url',
  )

const imported = new Map<KeyName, KeyObject>()

function privateKey(name: KeyName): KeyObject {
  const key = imported.get(name) ?? createPrivateKey({ format: 'jwk', key: keys[name] as JsonWebKey })
  imported.set(name, key)
  return key
}

/** The signature over a JWS signing input, base64url; `none` gives the empty one. */
export function signature(alg: string, key: KeyName | Buffer, input: string): string {
  if (alg === 'none') return ''
  if (Buffer.isBuffer(key)) return createHmac('sha256', key).update(input).digest('base64url')
  const private_key = privateKey(key)
  const data = Buffer.from(input)
  if (alg === 'EdDSA' || alg === 'Ed25519') return signWithKey(null, data, private_key).toString('base64url')
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith('ES')) {
    return signWithKey(hash, data, { key: private_key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  }
  if (alg.startsWith('RS')) return signWithKey(hash, data, private_key).toString('base64url')
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return signWithKey(hash, data, { key: private_key, ...padding }).toString('base64url')
}
