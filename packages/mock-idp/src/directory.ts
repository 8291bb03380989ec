/**
 * Okta's Universal Directory in small: people, groups, clients and who is assigned to what. Everything can change
 * while the mock runs, and the next request sees it.
 */
import { createHash } from 'node:crypto'
import type { AdapterPayload } from 'oidc-provider'
import { oktaId } from './ids.ts'
import { checkClient, checkUser } from './options.ts'
import type { ClientAuthenticationMethod, ClientOptions, UserOptions } from './options.ts'

/** A client with every default filled in. */
export type Client = ClientOptions &
  Required<
    Pick<
      ClientOptions,
      | 'client_id'
      | 'client_name'
      | 'post_logout_redirect_uris'
      | 'pkce_required'
      | 'grant_types'
      | 'response_types'
      | 'assigned_groups'
      | 'assigned_users'
    >
  > & { token_endpoint_auth_method: ClientAuthenticationMethod }

/** A person with every default filled in. */
export type User = Required<
  Pick<UserOptions, 'login' | 'password' | 'id' | 'email' | 'email_verified' | 'groups' | 'amr'>
> &
  UserOptions

/** The people and clients of one mock. */
export interface Directory {
  readonly clients: readonly Client[]
  readonly users: readonly User[]
  client(clientId: string | undefined): Client | undefined
  /** A person by login or by id. */
  user(loginOrId: string | undefined): User | undefined
  /** Adds a client, or replaces the one with the same `client_id`. */
  addClient(options: ClientOptions): Client
  removeClient(clientId: string): boolean
  /** Adds a person, or replaces the one with the same login. */
  addUser(options: UserOptions): User
  removeUser(login: string): boolean
  assign(clientId: string, to: { user?: string; group?: string }): void
  unassign(clientId: string, from: { user?: string; group?: string }): void
  isAssigned(user: User, client: Client): boolean
  /** Forgets everything and everyone, and starts again with these. */
  refill(clients: readonly ClientOptions[], users: readonly UserOptions[]): void
  /** What oidc-provider is told of a client. */
  providerMetadata(clientId: string): AdapterPayload | undefined
}

/** An empty directory. */
export function createDirectory(): Directory {
  const clients = new Map<string, Client>()
  const users = new Map<string, User>()

  const mustHave = (clientId: string) => {
    const client = clients.get(clientId)
    if (client === undefined) throw new TypeError(`no client ${clientId}`)
    return client
  }
  const directory: Directory = {
    get clients() {
      return [...clients.values()]
    },
    get users() {
      return [...users.values()]
    },
    client: (clientId) => (clientId === undefined ? undefined : clients.get(clientId)),
    user: (loginOrId) => {
      if (loginOrId === undefined) return undefined
      return users.get(loginOrId.toLowerCase()) ?? directory.users.find(({ id }) => id === loginOrId)
    },
    addClient: (options) => {
      checkClient(options)
      const client = completeClient(options)
      clients.set(client.client_id, client)
      return client
    },
    removeClient: (clientId) => clients.delete(clientId),
    addUser: (options) => {
      checkUser(options)
      const user = completeUser(options)
      users.set(user.login.toLowerCase(), user)
      return user
    },
    removeUser: (login) => users.delete(login.toLowerCase()),
    assign: (clientId, { user, group }) => {
      const client = mustHave(clientId)
      if (user !== undefined) client.assigned_users = [...client.assigned_users, user]
      if (group !== undefined) client.assigned_groups = [...client.assigned_groups, group]
    },
    unassign: (clientId, { user, group }) => {
      const client = mustHave(clientId)
      client.assigned_users = client.assigned_users.filter((each) => each !== user)
      client.assigned_groups = client.assigned_groups.filter((each) => each !== group)
    },
    isAssigned: (user, client) =>
      client.assigned_users.some((each) => each.toLowerCase() === user.login.toLowerCase() || each === user.id) ||
      client.assigned_groups.some((group) => user.groups.includes(group)),
    refill: (newClients, newUsers) => {
      clients.clear()
      users.clear()
      for (const client of newClients) directory.addClient(client)
      for (const user of newUsers) directory.addUser(user)
    },
    providerMetadata: (clientId) => {
      const client = clients.get(clientId)
      return client === undefined ? undefined : toProviderMetadata(client)
    },
  }
  return directory
}

function completeClient(options: ClientOptions): Client {
  const method = options.token_endpoint_auth_method ?? 'client_secret_basic'
  const client_id = options.client_id ?? oktaId('0oa', options.redirect_uris.join(' '))
  return {
    ...(options.client_id === undefined && method !== 'none' && { client_secret: secretOf(client_id) }),
    client_name: client_id,
    post_logout_redirect_uris: [],
    pkce_required: method === 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    assigned_groups: ['Everyone'],
    assigned_users: [],
    ...structuredClone(options),
    client_id,
    token_endpoint_auth_method: method,
  }
}

/** The secret of a client that brought none: the same for the same client, so that it can be typed in elsewhere. */
function secretOf(clientId: string): string {
  return createHash('sha256').update(`client_secret:${clientId}`).digest('base64url')
}

function completeUser(options: UserOptions): User {
  return {
    password: 'password',
    id: oktaId('00u', options.login.toLowerCase()),
    email: options.login,
    email_verified: true,
    amr: ['pwd'],
    ...structuredClone(options),
    groups: [...new Set(['Everyone', ...(options.groups ?? [])])],
  }
}

/** Only what oidc-provider must enforce; Okta's own rules (assignment, strictness, algorithms) stay with us. */
function toProviderMetadata(client: Client): AdapterPayload {
  return {
    client_id: client.client_id,
    client_name: client.client_name,
    redirect_uris: client.redirect_uris,
    post_logout_redirect_uris: client.post_logout_redirect_uris,
    token_endpoint_auth_method: client.token_endpoint_auth_method,
    grant_types: client.grant_types,
    response_types: client.response_types as never,
    ...(client.client_secret !== undefined && { client_secret: client.client_secret }),
    ...(client.response_modes !== undefined && { response_modes: client.response_modes }),
    ...(client.jwks !== undefined && { jwks: client.jwks as never }),
    ...(client.jwks_uri !== undefined && { jwks_uri: client.jwks_uri }),
    ...(client.backchannel_logout_uri !== undefined && {
      backchannel_logout_uri: client.backchannel_logout_uri,
      backchannel_logout_session_required: client.backchannel_logout_session_required ?? false,
    }),
  }
}
