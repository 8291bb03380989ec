/** `@relying-party/mock-idp`: a strict mock Okta for the tests of any relying party. */
export { startMockOkta } from './start.ts'
export type { BackchannelLogoutOptions, MockOkta } from './start.ts'
export type {
  ClientAuthenticationMethod,
  ClientOptions,
  FaultOptions,
  MockOktaOptions,
  UserOptions,
} from './options.ts'
export type { Client, User } from './directory.ts'
export type { Clock, Instant } from './clock.ts'
export type { Endpoint, Ledger, LedgerEntry } from './ledger.ts'
export type { LogoutAnswer } from './logout.ts'
export type { Rotation } from './keys.ts'
export type { InjectedFault } from './fault-plane.ts'
export { describeFaults } from './faults.ts'
export type { FaultDescription } from './faults.ts'
export { demoClient, demoUsers } from './demo.ts'
export { welcome } from './welcome.ts'
export * from './conformance/index.ts'
