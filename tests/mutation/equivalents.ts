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
    from: "typeof key !== 'string' && key.kid !== undefined",
    to: 'true',
    why: 'JSON leaves out a kid that is undefined',
  },
  {
    file: 'jws.ts',
    from: "typeof key !== 'string' && key.kid !== undefined",
    to: "typeof key !== 'string' || key.kid !== undefined",
    why: 'JSON leaves out a kid that is undefined, and a text has none',
  },
  {
    file: 'jws.ts',
    from: "typeof key !== 'string'",
    to: 'true',
    why: 'a text has no kid',
  },
  {
    file: 'jws.ts',
    from: 'key.kid !== undefined',
    to: 'true',
    why: 'JSON leaves out a kid that is undefined',
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
    file: 'policy.ts',
    from: 'domain === null',
    to: 'false',
    why: 'a list of domains does not hold null; the comparison is for the compiler',
  },
]
