/** A text that pages refer to by the hash of what it says, so that it may be cached for ever. */
import { createHash } from 'node:crypto'

export interface Asset {
  /** `/assets/<hash>.css` or `.js`. */
  readonly path: string
  readonly content_type: string
  readonly body: string
}

/** Returns the asset under its content hash. */
export function asset(extension: 'css' | 'js', body: string): Asset {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16)
  const content_type = extension === 'css' ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8'
  return { path: `/assets/${hash}.${extension}`, content_type, body }
}
