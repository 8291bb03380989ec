/** Addresses of this server that the pages link and post to. */

/** Returns the path of an organization's page or command. */
export function organizationPath(organization_id: string, rest: string): string {
  return `/organizations/${encodeURIComponent(organization_id.toWellFormed())}${rest}`
}

/** Returns the path of the settings page, or of one of its commands. */
export function settingsPath(organization_id: string, rest = ''): string {
  return organizationPath(organization_id, `/settings/sso${rest}`)
}

/** Returns the host of a URL as people know it; the text itself when it is none. */
export function hostOf(url: string): string {
  return URL.parse(url)?.host || url
}
