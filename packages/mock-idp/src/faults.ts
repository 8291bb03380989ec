/**
 * The catalogue of faults: each breaks exactly one rule of an otherwise faultless message, and says which. The tables
 * are in `faults/`, one file per message; when a fault strikes is decided in `fault-plane.ts`.
 */
import { authorizationFaults, endSessionFaults } from './faults/authorization.ts'
import { discoveryFaults, jwksFaults } from './faults/discovery.ts'
import type { Description, Fault } from './faults/fault.ts'
import { claimFaults } from './faults/id-token-claims.ts'
import { signatureFaults } from './faults/id-token-signature.ts'
import { backchannelLogoutFaults, logoutTokenFaults } from './faults/logout-token.ts'
import { tokenFaults, userinfoFaults } from './faults/token.ts'
import { transportFaults } from './faults/transport.ts'

const catalogue: Fault[] = [
  ...discoveryFaults,
  ...jwksFaults,
  ...authorizationFaults,
  ...tokenFaults,
  ...claimFaults,
  ...signatureFaults,
  ...userinfoFaults,
  ...endSessionFaults,
  ...logoutTokenFaults,
  ...backchannelLogoutFaults,
  ...transportFaults,
]

/** Every fault by name. */
export const faults: ReadonlyMap<string, Fault> = new Map(catalogue.map((fault) => [fault.name, fault]))

/** A fault as the catalogue shows it. */
export type FaultDescription = Description

/** The catalogue: what there is to inject, what it does, which rule it breaks and what a correct client does then. */
export function describeFaults(): FaultDescription[] {
  return catalogue.map(({ name, does, breaks, spec, expect, touches, value }) => ({
    name,
    does,
    breaks,
    spec,
    expect,
    touches,
    ...(value !== undefined && { value }),
  }))
}
