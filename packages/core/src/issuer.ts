/** What people paste where an Issuer Identifier is asked for. */

/** The issuer that is meant by the address of its configuration document, or of RFC 8414's; any other text as it is. */
export function issuerFrom(text: string): string {
  // Okta shows its address with the client id as a query.
  return text.replace(/\/\.well-known\/(?:openid-configuration|oauth-authorization-server)\/?(?:[?#].*)?$/, '')
}
