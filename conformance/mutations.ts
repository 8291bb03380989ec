/**
 * Proof that the negative rows bite: each mutation switches one rule of our engine off, and then the modules about that
 * rule fail, and no others. The judge's own rules are patched where they stand, in oauth4webapi.
 */

/** A text of a source, and what stands there instead. */
export interface Patch {
  readonly file: string
  readonly find: string | RegExp
  readonly replace: string
}

/** A rule that is switched off, and the modules (`plan/module`) that fail then. */
export interface Mutation {
  readonly rule: string
  readonly patches: readonly Patch[]
  readonly fails: readonly string[]
}

const library = 'core/node_modules/oauth4webapi/build/index.js'
const logoutRule = (reason: string): Patch => ({
  file: 'core/src/messages/logout-token.ts',
  find: new RegExp(`^  invalid\\(.*, '${reason}'\\)$`, 'm'),
  replace: '',
})
const backchannel = (what: string) => `backchannel_logout/oidcc-client-test-rp-backchannel-rpinitlogout-${what}`
const login = (what: string) => [`basic/oidcc-client-test-${what}`, `form_post/oidcc-client-test-${what}`]
const presenceOf = (claim: string): Patch => ({
  file: library,
  find: 'if (result.claims[claim] === undefined) {',
  replace: `if (result.claims[claim] === undefined && claim !== '${claim}') {`,
})

/** The folder that the files of the patches are in. */
export const sources = new URL('../packages/', import.meta.url)

/** Rules to switch off, and the modules that fail then. */
export const mutations: readonly Mutation[] = [
  {
    rule: 'the iss of an ID Token is the issuer',
    patches: [{ file: library, find: 'if (result.claims.iss !== expected) {', replace: 'if (false) {' }],
    fails: [...login('invalid-iss'), 'refresh_token/oidcc-client-test-refresh-token-invalid-issuer'],
  },
  {
    rule: 'the aud of an ID Token is the client, and is there',
    patches: [
      presenceOf('aud'),
      { file: library, find: 'else if (result.claims.aud !== expected) {', replace: 'else if (false) {' },
    ],
    fails: [...login('invalid-aud'), 'comprehensive/oidcc-client-test-missing-aud'],
  },
  {
    rule: 'an ID Token has a sub',
    patches: [
      presenceOf('sub'),
      {
        file: 'core/src/messages/id-token.ts',
        find: /ensure\(typeof sub === 'string' && .*, 'id_token_claim_invalid', \{ claim: 'sub' \}\)/,
        replace: '',
      },
    ],
    fails: login('missing-sub'),
  },
  {
    rule: 'an ID Token has an iat, not long ago',
    patches: [
      presenceOf('iat'),
      {
        file: 'core/src/messages/id-token.ts',
        find: /ensure\(age >= [^,]+, 'id_token_iat_unreasonable'/,
        replace: "ensure(true, 'id_token_iat_unreasonable'",
      },
    ],
    fails: login('missing-iat'),
  },
  {
    rule: 'the nonce of an ID Token is the one that was sent',
    patches: [{ file: library, find: 'if (claims.nonce !== expected) {', replace: 'if (false) {' }],
    fails: login('nonce-invalid'),
  },
  {
    rule: 'an ID Token is signed',
    patches: [
      {
        file: library,
        find: 'if (!issuer.includes(header.alg)) {',
        replace: "if (!issuer.includes(header.alg) && header.alg !== 'none') {",
      },
      {
        file: 'core/src/messages/id-token.ts',
        find: 'const isAllowed = ',
        replace: "const isAllowed = alg === 'none' || ",
      },
      {
        file: 'core/src/flow.ts',
        find: '  const known = decidingKeys(rp, state.header, at)',
        replace:
          "  const { phase: _, header, ...unverified } = state\n  if ((header.alg as string) === 'none') return identify(rp, unverified, state.unverified_claims as IdTokenClaims, at)\n  const known = decidingKeys(rp, state.header, at)",
      },
    ],
    fails: [...login('idtoken-sig-none'), 'config/oidcc-client-test-idtoken-sig-none'],
  },
  {
    rule: 'the signature of an ID Token verifies',
    patches: [
      {
        file: 'core/src/jws.ts',
        find: 'return await crypto.verify(alg, key, signature, signed)',
        replace: 'return true',
      },
    ],
    fails: [...login('invalid-sig-rs256'), 'comprehensive/oidcc-client-test-invalid-sig-es256'],
  },
  {
    rule: 'the HMAC of an ID Token verifies',
    patches: [
      {
        file: 'core/src/jws.ts',
        find: 'return difference === 0 && signature.length === expected.length',
        replace: 'return difference >= 0',
      },
    ],
    fails: ['comprehensive/oidcc-client-test-invalid-sig-hs256'],
  },
  {
    rule: 'keys are fetched again for an unknown kid',
    patches: [
      {
        file: 'core/src/messages/jwks.ts',
        find: "if ('none' in selectKey(value, alg, kid) && ",
        replace: 'if (false && ',
      },
    ],
    fails: [
      'config/oidcc-client-test-signing-key-rotation-just-before-signing',
      'config/oidcc-client-test-signing-key-rotation',
    ],
  },
  {
    rule: 'the sub of UserInfo is the sub of the ID Token',
    patches: [{ file: library, find: 'if (json.sub !== expectedSubject) {', replace: 'if (false) {' }],
    fails: login('userinfo-invalid-sub'),
  },
  {
    rule: 'the issuer of the configuration document is the issuer',
    patches: [{ file: 'core/src/messages/discovery.ts', find: 'ensure(named === issuer, ', replace: 'ensure(true, ' }],
    fails: ['config/oidcc-client-test-discovery-issuer-mismatch'],
  },
  {
    rule: 'a refreshed ID Token is about the same person',
    patches: [
      {
        file: 'core/src/refresh.ts',
        find: 'ensure(claims.sub === session.identity.subject, ',
        replace: 'ensure(true, ',
      },
    ],
    fails: ['refresh_token/oidcc-client-test-refresh-token-invalid-sub'],
  },
  {
    rule: 'the state comes back from logout',
    patches: [{ file: 'server/src/logout.ts', find: '!matches', replace: 'false' }],
    fails: ['other-state', 'no-state'].map((what) => `rp_initiated_logout/oidcc-client-test-rp-init-logout-${what}`),
  },
  {
    rule: 'a logout token has the algorithm of ID Tokens',
    patches: [
      {
        file: 'core/src/messages/logout-token.ts',
        find: "ensure(isAllowed, 'logout_token_invalid'",
        replace: "ensure(true, 'logout_token_invalid'",
      },
    ],
    // One that is not signed is refused for its signature all the same.
    fails: [backchannel('wrong-alg')],
  },
  {
    rule: 'a logout token is signed',
    patches: [
      {
        file: 'core/src/messages/logout-token.ts',
        find: 'ensure(isAllowed, ',
        replace: "ensure(isAllowed || alg === 'none', ",
      },
      {
        file: 'core/src/driver.ts',
        find: 'if (isMacAlgorithm(alg)) {',
        replace: "if ((alg as string) === 'none') return true\n  if (isMacAlgorithm(alg)) {",
      },
    ],
    fails: [backchannel('alg-none')],
  },
  {
    rule: 'the iss of a logout token is the issuer',
    patches: [logoutRule('iss is another issuer')],
    fails: [backchannel('wrong-iss')],
  },
  {
    rule: 'the aud of a logout token is the client',
    patches: [logoutRule('aud is another client')],
    fails: [backchannel('wrong-aud')],
  },
  {
    rule: 'the events of a logout token say logout',
    patches: [logoutRule('events does not say logout')],
    fails: [backchannel('no-event'), backchannel('wrong-event')],
  },
  {
    rule: 'a logout token has no nonce',
    patches: [logoutRule('nonce is present')],
    fails: [backchannel('with-nonce')],
  },
]

/** The source with its rules switched off; a patch that does not fit exactly once throws, for then it proves nothing. */
export function applyPatches(source: string, patches: readonly Patch[]): string {
  return patches.reduce((text, { file, find, replace }) => {
    const parts = text.split(find)
    if (parts.length !== 2) throw new Error(`${file}: ${String(find)} is there ${parts.length - 1} times`)
    return parts.join(replace)
  }, source)
}
