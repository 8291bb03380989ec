/** Mutants that nobody can tell from the original, each with the reason. The texts are those that `pnpm mutation` prints. */
export interface Equivalent {
  /** Below packages/core/src. */
  readonly file: string
  readonly from: string
  readonly to: string
  readonly why: string
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'jws.ts',
    from: 'bytes === undefined',
    to: 'false',
    why: 'to decode undefined gives no JSON, which is undefined again',
  },
  {
    file: 'jws.ts',
    from: '{ return undefined }',
    to: '{}',
    why: 'a function that ends returns undefined',
  },
  {
    file: 'jws.ts',
    from: "'string'",
    to: '""',
    why: 'a text has no kid',
  },
  {
    file: 'jws.ts',
    from: "typeof key === 'string'",
    to: 'false',
    why: 'a text has no kid',
  },
  {
    file: 'jws.ts',
    from: 'suitable.set(key, known)',
    to: ';',
    why: 'it only saves time',
  },
  {
    file: 'jws.ts',
    from: 'n.length === 0',
    to: 'false',
    why: 'no bytes count as −8 bits, which are too few as well',
  },
  {
    file: 'jws.ts',
    from: 'e.length > 0',
    to: 'true',
    why: 'the last byte of no bytes is not odd',
  },
  {
    file: 'jws.ts',
    from: 'e.length > 0',
    to: 'e.length >= 0',
    why: 'the last byte of no bytes is not odd',
  },
  {
    file: 'jws.ts',
    from: "''",
    to: '"Stryker was here!"',
    why: 'neither is a number in base64url',
  },
  {
    file: 'jws.ts',
    from: 'first < 0',
    to: 'false',
    why: 'a single zero byte is as unsuitable as none',
  },
  {
    file: 'crypto.ts',
    from: '{ return undefined }',
    to: '{}',
    why: 'a function that ends returns undefined',
  },
  ...['importedKeys.set(jwk, keys)', 'keys.set(alg, key)'].map((from) => ({
    file: 'crypto.ts',
    from,
    to: ';',
    why: 'it only saves time',
  })),
  {
    file: 'explain/check.ts',
    from: 'url === undefined',
    to: 'false',
    why: 'undefined is no URL either',
  },
  ...['explain/discovery.ts', 'explain/token.ts'].map((file) => ({
    file,
    from: "''",
    to: '"Stryker was here!"',
    why: 'neither says anything that is looked for',
  })),
  ...["'doctor'", "'https://doctor.invalid/'", "'openid'", "'query'", "'never'", "'/'"].map((from) => ({
    file: 'explain/doctor.ts',
    from,
    to: '""',
    why: 'nobody signs in with it',
  })),
  ...["state.phase === 'idle'", "'idle'"].map((from) => ({
    file: 'explain/what-if.ts',
    from,
    to: from.length > 6 ? 'false' : '""',
    why: 'a flow that has not begun has no use for a response mode',
  })),
  {
    file: 'explain/what-if.ts',
    from: 'name === undefined',
    to: 'false',
    why: 'what has no name does nothing',
  },
  {
    file: 'explain/story.ts',
    from: 'bytes === undefined',
    to: 'false',
    why: 'to decode undefined gives no JSON, which is undefined again',
  },
  {
    file: 'explain/story.ts',
    from: '{ return undefined }',
    to: '{}',
    why: 'a function that ends returns undefined',
  },
  ...[
    ['bytes.length / 3', 'bytes.length * 3'],
    ['codes.length / 4', 'codes.length * 4'],
    ['from < bytes.length', 'from <= bytes.length'],
    ['from < codes.length', 'from <= codes.length'],
  ].map(([from, to]) => ({ file: 'bytes.ts', from: from!, to: to!, why: 'what is filled beyond the end is cut off' })),
  {
    file: 'bytes.ts',
    from: '{ return undefined }',
    to: '{}',
    why: 'a function that ends returns undefined',
  },
  {
    file: 'node.ts',
    from: '{ return undefined }',
    to: '{}',
    why: 'a function that ends returns undefined',
  },
  {
    file: 'node.ts',
    from: '{ authTagLength: 16 }',
    to: '{}',
    why: 'the tag that is set has 16 bytes anyway',
  },
  ...['publicKeys.set(jwk, key)', 'privateKeys.set(jwk, key)', 'sealingKeys.set(key, made)'].map((from) => ({
    file: 'node.ts',
    from,
    to: ';',
    why: 'it only saves time',
  })),
  ...[
    ['known?.metadata === metadata', 'false'],
    ['{ metadata, url: url.href }', '{}'],
    ['login_hint === undefined && prompt === undefined', 'false'],
  ].map(([from, to]) => ({ file: 'messages/authorization.ts', from: from!, to: to!, why: 'it only saves time' })),
  {
    file: 'seal.ts',
    from: 'key?.length',
    to: 'key.length',
    why: 'to read the length of nothing throws a TypeError as well',
  },
  {
    file: 'messages/jwks.ts',
    from: 'true',
    to: 'false',
    why: 'that the member is there is all that is looked at',
  },
  {
    file: 'return-to.ts',
    from: 'plainPath.test(return_to)',
    to: 'false',
    why: 'it only saves time',
  },
  ...['known !== undefined', 'authorizationServers.set(metadata, made)'].map((from) => ({
    file: 'protocol.ts',
    from,
    to: from.endsWith(')') ? ';' : 'false',
    why: 'it only saves time',
  })),
  {
    file: 'protocol.ts',
    from: '() => null',
    to: '() => undefined',
    why: 'the judge takes either for a header that is not there',
  },
  {
    file: 'policy.ts',
    from: 'domain === null',
    to: 'false',
    why: 'a list of domains does not hold null; the comparison is for the compiler',
  },
  {
    file: 'bytes.ts',
    from: '!(length <= longestCut)',
    to: 'true',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'length <= longestCut',
    to: 'length < longestCut',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'length <= longestCut',
    to: 'length > longestCut',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'used + length > pieceLength',
    to: 'true',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'used + length > pieceLength',
    to: 'used + length >= pieceLength',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'used + length > pieceLength',
    to: 'used + length <= pieceLength',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: '!(most <= longestCut)',
    to: 'true',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'most <= longestCut',
    to: 'most < longestCut',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'used -= most - written',
    to: 'used += most - written',
    why: 'it only saves memory',
  },
  {
    file: 'node.ts',
    from: 'at < bytes.length',
    to: 'at <= bytes.length',
    why: 'what is written beyond the end of an array of bytes is nowhere',
  },
  {
    file: 'redaction.ts',
    from: 'known !== undefined',
    to: 'false',
    why: 'it only saves time',
  },
  {
    file: 'redaction.ts',
    from: 'redactedOnes.set(rp, made)',
    to: ';',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'length <= longestCut',
    to: 'false',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'most <= longestCut',
    to: 'false',
    why: 'it only saves time',
  },
  {
    file: 'bytes.ts',
    from: 'text.length / 4',
    to: 'text.length * 4',
    why: 'what is filled beyond the end is cut off',
  },
]
