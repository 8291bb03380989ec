/** The one door to the core, in reading order: the words, the two machines, what drives them, and the rest. */
export * from './relying-party.ts'
export * from './flow.ts'
export * from './connection.ts'
export {
  fingerprintOf,
  keepsSecret,
  lockOutBy,
  type DraftRevision,
  type LastTest,
  type LiveRevision,
  type Revision,
  type SealedSecret,
  type TestedRevision,
} from './revision.ts'
export * from './settings.ts'
export * from './issuer.ts'
export * from './policy.ts'
export * from './circumstances.ts'
export * from './driver.ts'
export { driveRefresh, type Refreshed, type RefreshedSession, type RefreshRefused } from './refresh.ts'
export type { ProviderIo } from './known-provider.ts'
export * from './io.ts'
export {
  record,
  replay,
  replaysIdentically,
  transcriptOfRefusal,
  type Decision,
  type Recorder,
  type Transcript,
  type Verdict,
} from './transcript.ts'
export {
  checks,
  explain,
  fieldOf,
  type Check,
  type CheckId,
  type Explanation,
  type Problem,
} from './explain/explain.ts'
export { unknownRedirectUri, type Leg, type Rule } from './explain/check.ts'
export { changeNames, parseChange, proposeChange, whatIf, type Answer, type Change } from './explain/what-if.ts'
export { examineProvider, type Finding } from './explain/doctor.ts'
export { durationsOf, type Durations } from './explain/durations.ts'
export { personOf, personUnder, type Person } from './explain/person.ts'
export { purposeOf } from './explain/story.ts'
export { nearMisses, type NearMissId, type NearMissRule } from './explain/near-misses.ts'
export * from './http.ts'
export * from './store.ts'
export * from './seal.ts'
export * from './return-to.ts'
export * from './failures.ts'
export { selectClientAuthentication } from './messages/token.ts'
export { mergeClaims } from './messages/userinfo.ts'
export { type IdTokenClaims } from './messages/id-token.ts'
export {
  isEnded,
  logoutMarks,
  marksAgainst,
  type LoggedOut,
  type LogoutMark,
  type LogoutToken,
  type ProviderSession,
} from './messages/logout-token.ts'
export { parseLoginInitiation, type LoginInitiation } from './messages/initiation.ts'
export { parseLoginParameters, type LoginParameters } from './login-parameters.ts'
export {
  webCrypto,
  signatureAlgorithms,
  type Crypto,
  type Jwk,
  type PrivateJwk,
  type SignatureAlgorithm,
} from './crypto.ts'
export { base64url, fromBase64url, utf8 } from './bytes.ts'
