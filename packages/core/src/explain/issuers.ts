/** Near misses of an issuer: what is odd about it, and how another one misses it. */
import { issuerFrom } from '../issuer.ts'
import { nearMiss, type NearMiss } from './check.ts'
import type { NearMissId } from './near-misses.ts'

/** What is odd about the issuer as it was entered. */
export function issuerNearMiss(issuer: string): NearMiss | undefined {
  const meant = issuerFrom(issuer)
  if (meant !== issuer) return nearMiss('issuer_is_metadata_url', meant)
  const admin = /^(https:\/\/[^/.]+)-admin(\.(?:okta|oktapreview|okta-emea)\.com)/.exec(issuer)
  return admin === null ? undefined : nearMiss('issuer_admin_console', `${admin[1]}${admin[2]}`)
}

/** The issuer that the redirect of a configuration document leads to, where it leads to another one. */
export function movedIssuer(issuer: string, location: string): NearMiss | undefined {
  const url = URL.parse(location)
  if (url?.protocol !== 'https:') return undefined
  const moved = issuerFrom(url.href).replace(/\/$/, '')
  if (moved === issuer.replace(/\/$/, '')) return undefined
  const host = (of: URL | null) => of?.hostname.replace(/^www\./, '')
  return nearMiss(host(url) === host(URL.parse(issuer)) ? 'issuer_moved' : 'redirected_to_other_host', moved)
}

/** What {@link compareIssuers} can tell of two issuers that are alike. */
export const otherSpellings = [
  'issuer_trailing_slash',
  'issuer_scheme',
  'issuer_letter_case',
  'issuer_other_authorization_server',
  'issuer_template',
] as const satisfies readonly NearMissId[]

/** How the issuer that a document names misses the one that was entered. */
export function compareIssuers(entered: string, found: string): NearMiss | undefined {
  const withoutSlash = (issuer: string) => issuer.replace(/\/+$/, '')
  if (/\{[^}]*\}/.test(found)) return nearMiss('issuer_template')
  if (withoutSlash(entered) === withoutSlash(found)) return nearMiss('issuer_trailing_slash', found)
  if (entered.replace(/^https?:/, '') === found.replace(/^https?:/, '')) return nearMiss('issuer_scheme', found)
  if (entered.toLowerCase() === found.toLowerCase()) return nearMiss('issuer_letter_case', found)
  const [one, other] = [URL.parse(entered), URL.parse(found)]
  if (one !== null && one.origin === other?.origin) return nearMiss('issuer_other_authorization_server', found)
  return other?.protocol === 'https:' ? nearMiss('issuer_named_by_document', found) : undefined
}
