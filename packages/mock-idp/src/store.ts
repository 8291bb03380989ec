/**
 * What the two authorization servers remember: sessions are shared (one sign-in serves both, as at Okta), everything
 * else belongs to the server that issued it. A Map with expiry, behind oidc-provider's adapter interface.
 */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { Clock } from './clock.ts'

/** The memory of one mock. */
export interface Store {
  get<T>(key: string): T | undefined
  set(key: string, value: unknown, expiresIn?: number): void
  delete(key: string): void
  clear(): void
  /** The adapter for one authorization server; `findClient` answers oidc-provider's look-ups of clients. */
  adapter(server: string, findClient: (clientId: string) => AdapterPayload | undefined): AdapterFactory
}

/** An empty memory that forgets by this clock. */
export function createStore(clock: Clock): Store {
  const rows = new Map<string, { value: unknown; expires: number }>()
  let writes = 0

  const store: Store = {
    get: <T>(key: string) => {
      const row = rows.get(key)
      return row !== undefined && row.expires > clock.now() ? (row.value as T) : undefined
    },
    set: (key, value, expiresIn) => {
      rows.set(key, { value, expires: expiresIn === undefined ? Infinity : clock.now() + expiresIn })
      if (++writes % 1000 === 0) for (const [old, row] of rows) if (row.expires <= clock.now()) rows.delete(old)
    },
    delete: (key) => void rows.delete(key),
    clear: () => rows.clear(),
    adapter: (server, findClient) => (model) => adapterFor(store, server, model, findClient),
  }
  return store
}

function adapterFor(
  store: Store,
  server: string,
  model: string,
  findClient: (clientId: string) => AdapterPayload | undefined,
): Adapter {
  const owner = model === 'Session' ? 'org' : server
  const keyOf = (id: string) => `${owner}/${model}/${id}`
  const uidKey = (uid: string) => `${owner}/uid/${uid}`
  const grantKey = (grantId: string) => `${server}/grant/${grantId}`

  return {
    upsert: async (id, payload, expiresIn) => {
      store.set(keyOf(id), payload, expiresIn)
      if (payload.uid !== undefined) store.set(uidKey(payload.uid), id, expiresIn)
      if (payload.grantId !== undefined) {
        const members = store.get<Set<string>>(grantKey(payload.grantId)) ?? new Set()
        store.set(grantKey(payload.grantId), members.add(keyOf(id)))
      }
    },
    find: async (id) => (model === 'Client' ? findClient(id) : store.get<AdapterPayload>(keyOf(id))),
    findByUid: async (uid) => {
      const id = store.get<string>(uidKey(uid))
      return id === undefined ? undefined : store.get<AdapterPayload>(keyOf(id))
    },
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const payload = store.get<AdapterPayload>(keyOf(id))
      if (payload !== undefined) payload.consumed = true
    },
    destroy: async (id) => store.delete(keyOf(id)),
    revokeByGrantId: async (grantId) => {
      for (const key of store.get<Set<string>>(grantKey(grantId)) ?? []) store.delete(key)
      store.delete(grantKey(grantId))
    },
  }
}
