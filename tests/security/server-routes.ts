/** The routes of the runnable server, plugins of others included: read out of Fastify’s own table. */
import type { RunningServer } from '@relying-party/server'
import type { Route } from '../support/world.ts'

/** Of `├── /oidc (GET, HEAD)` the depth, what it adds to the path, and the methods. */
const line = /^((?:│ {3}| {4})*)[├└]── (\S+) \(([A-Z, ]+)\)$/

export function routesOf({ app }: Pick<RunningServer, 'app'>): Route[] {
  const above: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .filter((text) => text !== '')
    .flatMap((text) => {
      const [, indent = '', part = '', methods = ''] = line.exec(text) ?? unreadable(text)
      above.length = indent.length / 4
      above.push(part)
      return methods.split(', ').map((method) => ({ method, url: above.join('') }))
    })
}

function unreadable(text: string): never {
  throw new Error(`the table of routes has a line of another kind: ${text}`)
}
