/**
 * The keys of one mock: which key signs, which keys are published, and how they rotate. Both authorization servers
 * use one ring; the org server signs its access tokens with a key that is never published, as at Okta.
 */
import { publicJwk, signJwt } from './jws.ts'
import type { Jwt, PrivateJwk, PublicJwk, SigningAlgorithm } from './jws.ts'
import * as testKeys from './test-keys.ts'

/** How keys rotate. */
export type Rotation =
  /** The next key signs from now on; the old one stays published. What Okta does four times a year. */
  | 'rotate'
  /** The next key is published and does not sign yet. */
  | 'add_ahead'
  /** The next key signs, the old one is no longer published. */
  | 'remove'
  /** Another key under the `kid` of the old one. */
  | 'swap_same_kid'
  /** At the next signature the next key takes over and the old one goes: whoever kept the JWK Set must fetch it again. */
  | 'just_before_signing'
  /** After the next signature its key goes: whoever fetches the JWK Set then cannot verify what was just signed. */
  | 'between_signing_and_serving'

/** The rotations there are, for checking what comes over HTTP. */
export const rotations: readonly Rotation[] = [
  'rotate',
  'add_ahead',
  'remove',
  'swap_same_kid',
  'just_before_signing',
  'between_signing_and_serving',
]

/** The keys of one mock. */
export interface KeyRing {
  /** The key that signs with this algorithm now. */
  active(alg: SigningAlgorithm): PrivateJwk
  /** Signs an ID Token, logout token or custom access token. */
  sign(jwt: Jwt, alg: SigningAlgorithm): string
  /** Every key that ever signed here: what `id_token_hint` is checked against. */
  known(): PrivateJwk[]
  /** The public keys served now; keys for other algorithms only once a client is registered for them. */
  published(algs: Iterable<SigningAlgorithm>): PublicJwk[]
  rotate(mode: Rotation): void
  /** Before a signature and after it: where the two postponed rotations happen. */
  beforeSigning(): void
  afterSigning(): void
  reset(): void
}

/** A ring with one published RSA key. */
export function createKeyRing(): KeyRing {
  let turn = 0
  let active = rsaKeys[0]!
  let published = [active]
  let pending: Rotation | undefined
  const past = new Map<string, PrivateJwk>([[identity(active), active]])

  const next = () => rsaKeys[++turn % rsaKeys.length]!
  const activate = (key: PrivateJwk) => {
    active = key
    past.set(identity(key), key)
  }
  const ring: KeyRing = {
    active: (alg) => (alg === 'ES256' ? testKeys.ec : alg === 'EdDSA' ? testKeys.okp : active),
    sign: (jwt, alg) => {
      ring.beforeSigning()
      const token = signJwt({ ...jwt, header: { kid: ring.active(alg).kid, alg, ...jwt.header } }, ring.active(alg))
      ring.afterSigning()
      return token
    },
    known: () => [...past.values(), testKeys.ec, testKeys.okp],
    published: (algs) => {
      const keys = [...published]
      for (const alg of new Set(algs)) {
        if (alg === 'ES256') keys.push(testKeys.ec)
        if (alg === 'EdDSA') keys.push(testKeys.okp)
      }
      return keys.map(publicJwk)
    },
    rotate: (mode) => {
      switch (mode) {
        case 'add_ahead':
          published = [...published, next()]
          break
        case 'rotate': {
          // A key that was published ahead is the one that takes over.
          const ahead = published.at(-1)!
          const key = ahead === active ? next() : ahead
          published = [...new Set([...published, key])]
          activate(key)
          break
        }
        case 'remove': {
          const ahead = published.at(-1)!
          const key = ahead === active ? next() : ahead
          published = [key]
          activate(key)
          break
        }
        case 'swap_same_kid': {
          const old = active
          const key = { ...next(), kid: old.kid }
          published = published.map((each) => (each === old ? key : each))
          activate(key)
          break
        }
        case 'just_before_signing':
        case 'between_signing_and_serving':
          pending = mode
          break
      }
    },
    beforeSigning: () => {
      if (pending !== 'just_before_signing') return
      pending = undefined
      ring.rotate('remove')
    },
    afterSigning: () => {
      if (pending !== 'between_signing_and_serving') return
      pending = undefined
      ring.rotate('remove')
    },
    reset: () => {
      turn = 0
      active = rsaKeys[0]!
      published = [active]
      pending = undefined
    },
  }
  return ring
}

/** The key of the org server's access tokens: never published, so whoever verifies such a token fails, as at Okta. */
export const orgAccessTokenKey: PrivateJwk = testKeys.org_access_token

/** A key of nobody's, for signatures that must be refused. */
export const rogueKey: PrivateJwk = testKeys.rogue

const identity = (key: PrivateJwk) => `${key.kid}/${key.d}`
const rsaKeys = [testKeys.signing_1, testKeys.signing_2, testKeys.signing_3]
