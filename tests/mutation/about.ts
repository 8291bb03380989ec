/** Files of tests that are about a source of another name, below tests/core. */
const companions: Readonly<Record<string, readonly string[]>> = {
  'bytes.ts': ['jws', 'seal'],
  'crypto.ts': ['jws', 'seal', 'client-authentication'],
  'driver.ts': ['messages/logout-token'],
  'explain/check.ts': ['explain/discovery', 'explain/token', 'explain/policy'],
  'explain/explain.ts': ['explain/discovery', 'explain/policy'],
  'explain/issuers.ts': ['explain/discovery', 'explain/near-misses'],
  'explain/story.ts': ['explain/'],
  'flow.ts': ['client-authentication', 'driver', 'messages/authorization', 'messages/id-token'],
  'http.ts': ['messages/userinfo'],
  'jws.ts': ['messages/jwks'],
  'known-provider.ts': ['refresh', 'messages/logout-token'],
  'messages/logout.ts': ['driver'],
  'messages/userinfo.ts': ['refresh'],
  'messages/id-token.ts': ['messages/jwks', 'refresh'],
  'messages/jwks.ts': ['jws', 'flow'],
  'messages/token.ts': ['client-authentication', 'messages/id-token', 'refresh'],
  'node.ts': ['crypto', 'jws', 'seal', 'client-authentication'],
  'protocol.ts': ['client-authentication', 'messages/', 'refresh'],
  'relying-party.ts': ['settings', 'client-authentication'],
  'revision.ts': ['connection'],
}

/** Whether a file of tests is about a source: it is named so (`flow.test.ts`, `flow-binding.test.ts`), or a companion. */
export function isAbout(test: string, source: string): boolean {
  const tables = source.startsWith('explain/') ? ['explain/checks'] : []
  const names = [source.replace('.ts', ''), ...tables, ...(companions[source] ?? [])]
  return names.some((name) => {
    const start = `tests/core/${name}`
    return test.startsWith(start) && (name.endsWith('/') || /^[.-]/.test(test.slice(start.length)))
  })
}
