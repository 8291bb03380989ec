/** Requests and responses as plain values: what the engine asks of the network, and what came back. */

/** Which message of the specifications a request belongs to. */
export type Message = 'provider_metadata' | 'token' | 'jwks' | 'userinfo'

export interface HttpRequest {
  readonly message: Message
  readonly method: 'GET' | 'POST'
  /** Absolute URL. It comes from a tenant or a provider: whoever sends it checks where it leads. */
  readonly url: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpResponse {
  readonly status: number
  /** Header names in lower case; of a repeated header the values joined by ", ". */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Why no usable response came: nothing in time, no connection, one that broke off, a certificate that cannot be verified,
 * no TLS at all (or none that both sides speak), a forbidden address, too many bytes.
 */
export type RequestFailure = 'timed_out' | 'unreachable' | 'cut_off' | 'tls_failed' | 'no_tls' | 'blocked' | 'too_large'

export type HttpOutcome = { readonly response: HttpResponse } | { readonly failure: RequestFailure }

/** The media type of a response, in lower case without parameters. */
export function mediaType(response: HttpResponse): string {
  return (response.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}
