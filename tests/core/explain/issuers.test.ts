/** How one issuer misses another, and what is odd about one alone. */
import { expect, test } from 'vitest'
import { compareIssuers, issuerNearMiss, movedIssuer } from '../../../packages/core/src/explain/issuers.ts'

const told = (miss: ReturnType<typeof issuerNearMiss>) => miss && [miss.id, miss.value]

test.each<[string, [string, string | null] | undefined]>([
  ['https://idp.example', undefined],
  ['https://idp.example/.well-known/openid-configuration', ['issuer_is_metadata_url', 'https://idp.example']],
  ['https://idp.example/a/.well-known/openid-configuration/', ['issuer_is_metadata_url', 'https://idp.example/a']],
  ['https://idp.example/.well-known/oauth-authorization-server', ['issuer_is_metadata_url', 'https://idp.example']],
  ['https://idp.example/.well-known/openid-configuration/x', undefined],
  ['https://idp.example/.well-known/acme', undefined],
  ['https://acme-admin.okta.com', ['issuer_admin_console', 'https://acme.okta.com']],
  ['https://acme-admin.oktapreview.com/admin', ['issuer_admin_console', 'https://acme.oktapreview.com']],
  ['https://acme-admin.okta-emea.com', ['issuer_admin_console', 'https://acme.okta-emea.com']],
  ['https://acme.okta.com', undefined],
  ['https://acme-admin.example.com', undefined],
  ['https://other.example/https://acme-admin.okta.com', undefined],
  ['http://acme-admin.okta.com', undefined],
])('alone: %s', (issuer, expected) => {
  expect(told(issuerNearMiss(issuer))).toEqual(expected)
})

test.each<[string, string, [string, string] | undefined]>([
  ['https://idp.example', 'https://new.example/', ['redirected_to_other_host', 'https://new.example']],
  [
    'https://idp.example',
    'https://new.example/a/.well-known/openid-configuration',
    ['redirected_to_other_host', 'https://new.example/a'],
  ],
  ['https://idp.example', 'https://sso.idp.example', ['redirected_to_other_host', 'https://sso.idp.example']],
  [
    'https://idp.example',
    'https://idp.example.evil.test',
    ['redirected_to_other_host', 'https://idp.example.evil.test'],
  ],
  ['https://idp.example', 'https://www.idp.example', ['issuer_moved', 'https://www.idp.example']],
  ['https://www.idp.example', 'https://idp.example', ['issuer_moved', 'https://idp.example']],
  ['http://idp.example', 'https://idp.example/', ['issuer_moved', 'https://idp.example']],
  ['https://idp.example', 'https://idp.example/oauth2/default', ['issuer_moved', 'https://idp.example/oauth2/default']],
  ['https://idp.example', 'https://idp.example/.well-known/openid-configuration/', undefined],
  ['https://idp.example/', 'https://idp.example/.well-known/openid-configuration', undefined],
  ['https://idp.example', 'http://new.example', undefined],
  ['https://idp.example', '/elsewhere', undefined],
  ['https://idp.example', '', undefined],
])('%s that redirects to %j', (entered, location, expected) => {
  expect(told(movedIssuer(entered, location))).toEqual(expected)
})

const entered = 'https://idp.example/a'
test.each<[string, string, [string, string | null] | undefined]>([
  ['a placeholder', 'https://idp.example/{tenantid}/a', ['issuer_template', null]],
  ['half a placeholder', 'https://idp.example/a}b{', ['issuer_other_authorization_server', 'https://idp.example/a}b{']],
  ['a slash more', `${entered}/`, ['issuer_trailing_slash', `${entered}/`]],
  ['two slashes more', `${entered}//`, ['issuer_trailing_slash', `${entered}//`]],
  ['a slash within', 'https://idp.example//a', ['issuer_other_authorization_server', 'https://idp.example//a']],
  ['plain http', 'http://idp.example/a', ['issuer_scheme', 'http://idp.example/a']],
  ['another scheme', 'ftp://idp.example/a', undefined],
  ['other letters', 'https://IDP.example/A', ['issuer_letter_case', 'https://IDP.example/A']],
  ['another path', 'https://idp.example/b', ['issuer_other_authorization_server', 'https://idp.example/b']],
  ['another host, named by a document', 'https://other.example', ['issuer_named_by_document', 'https://other.example']],
  ['another host, over plain http', 'http://other.example', undefined],
  ['no URL', 'other', undefined],
])('compared: %s', (_what, found, expected) => {
  expect(told(compareIssuers(entered, found))).toEqual(expected)
})

test('compared with what is no URL, nor is the other', () => {
  expect(compareIssuers('idp', 'other')).toBeUndefined()
  expect(told(compareIssuers('http://idp.example', 'https://idp.example'))).toEqual([
    'issuer_scheme',
    'https://idp.example',
  ])
  expect(compareIssuers('https://a.example/http:', 'https://a.example/https:')?.id).toBe(
    'issuer_other_authorization_server',
  )
})
