/** What another site may ask for when it starts a login, and what a visitor may add to one. */
import { expect, test } from 'vitest'
import { parseLoginInitiation, parseLoginParameters } from '@relying-party/core'

const issuer = 'https://acme.okta.example'
const base_url = 'https://app.example'
const initiated = (query: string) => parseLoginInitiation(new URLSearchParams(query), { issuer, base_url })
const iss = `iss=${issuer}`

test.each([
  ['missing', ''],
  ['empty', 'iss='],
  ['of another provider', 'iss=https://evil.example'],
  ['with a slash more', `${iss}/`],
  ['in capitals', `iss=${issuer.toUpperCase()}`],
  ['twice', `${iss}&${iss}`],
  ['twice, ours first', `${iss}&iss=https://evil.example`],
])('iss %s: no login', (_, query) => {
  expect(initiated(query)).toEqual({ failure: { code: 'initiate_issuer_mismatch' } })
})

test.each([
  ['', null],
  ['target_link_uri=', null],
  [`target_link_uri=${base_url}`, null],
  [`target_link_uri=${base_url}/`, null],
  [`target_link_uri=${base_url}/projects/7?tab=2`, '/projects/7?tab=2'],
  ['target_link_uri=/projects', null],
  ['target_link_uri=https://evil.example/projects', null],
  [`target_link_uri=${base_url}.evil.example/`, null],
  [`target_link_uri=${base_url}@evil.example/`, null],
  [`target_link_uri=${base_url}//evil.example`, null],
  [`target_link_uri=${base_url}/%5Cevil.example`, null],
  [`target_link_uri=${base_url.replace('https', 'http')}/projects`, null],
])('%j: the login leads to %j', (query, return_to) => {
  expect(initiated(`${iss}&${query}`)).toEqual({ parameters: {}, return_to })
})

test('another site may hint at who it is about, and may not decide whether a page is shown', () => {
  expect(initiated(`${iss}&login_hint=ada@acme.example&prompt=none&scope=admin`)).toEqual({
    parameters: { login_hint: 'ada@acme.example' },
    return_to: null,
  })
})

test.each([
  ['', {}],
  ['login_hint=', {}],
  ['login_hint=ada', { login_hint: 'ada' }],
  [`login_hint=${'a'.repeat(320)}`, { login_hint: 'a'.repeat(320) }],
  [`login_hint=${'a'.repeat(321)}`, {}],
  ['prompt=none', { prompt: 'none' }],
  ['prompt=select_account', { prompt: 'select_account' }],
  ['prompt=none%20login', {}],
  ['prompt=anything', {}],
  ['client_id=other&redirect_uri=https://evil.example&state=s&nonce=n', {}],
])('a visitor adds %j', (query, parameters) => {
  expect(parseLoginParameters(new URLSearchParams(query))).toEqual(parameters)
})
