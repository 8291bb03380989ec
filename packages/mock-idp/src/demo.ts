/** Who lives in a mock that was told nothing: one client, and three people with something to tell apart. */
import type { ClientOptions, UserOptions } from './options.ts'

/** The client whose id and secret `npm start` prints. */
export const demoClient: ClientOptions & { client_id: string } = {
  client_id: '0oa1acmedemoclient57',
  client_secret: 'mock-secret-for-acme-never-used-anywhere-else-0123456789abcdefgh',
  client_name: 'Acme SSO',
  redirect_uris: ['http://localhost:3000/organizations/acme/oidc/consume'],
  post_logout_redirect_uris: ['http://localhost:3000/organizations/acme/oidc/logged-out'],
  assigned_groups: ['Acme'],
}

/** An administrator, a member, and somebody who is not assigned to the client. */
export const demoUsers: UserOptions[] = [
  {
    login: 'ada@acme.example',
    password: 'analytical-engine',
    given_name: 'Ada',
    family_name: 'Lovelace',
    groups: ['Acme', 'Admins'],
    profile: { locale: 'en-GB', zoneinfo: 'Europe/London' },
  },
  {
    login: 'grace@acme.example',
    password: 'nanoseconds',
    given_name: 'Grace',
    family_name: 'Hopper',
    groups: ['Acme', 'Members'],
    profile: { locale: 'en-US', zoneinfo: 'America/New_York' },
  },
  {
    login: 'eve@elsewhere.example',
    password: 'not-on-the-list',
    given_name: 'Eve',
    family_name: 'Outside',
  },
]
