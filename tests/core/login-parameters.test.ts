/** What whoever starts a login may add to it; nothing else of a query reaches the provider. */
import { expect, test } from 'vitest'
import { parseLoginParameters } from '@relying-party/core'

test.each<[string, object]>([
  ['', {}],
  ['login_hint=ada%40acme.example', { login_hint: 'ada@acme.example' }],
  ['login_hint=', {}],
  [`login_hint=${'a'.repeat(320)}`, { login_hint: 'a'.repeat(320) }],
  [`login_hint=${'a'.repeat(321)}`, {}],
  ['prompt=none', { prompt: 'none' }],
  ['prompt=login', { prompt: 'login' }],
  ['prompt=select_account', { prompt: 'select_account' }],
  ['prompt=consent', { prompt: 'consent' }],
  ['prompt=create', {}],
  ['prompt=', {}],
  ['prompt=Login', {}],
  ['login_hint=a&prompt=login&state=evil&scope=evil', { login_hint: 'a', prompt: 'login' }],
])('?%.60s', (query, parameters) => {
  expect(parseLoginParameters(new URLSearchParams(query))).toStrictEqual(parameters)
})
