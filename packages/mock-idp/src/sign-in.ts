/** Signing in as a person: the page that oidc-provider's interactions lead to, and signing out of the mock itself. */
import { ServerResponse } from 'node:http'
import type { Exchange } from './exchange.ts'
import { redirect } from './http.ts'
import type { Reply } from './http.ts'
import { messagePage, signInPage } from './pages.ts'
import { toMessage } from './provider.ts'

/** Shows the sign-in page, or takes what was typed into it and continues the authorization. */
export async function signIn(exchange: Exchange): Promise<Reply> {
  const { org, server, request } = exchange
  const message = toMessage(server, request)
  const response = new ServerResponse(message)
  let interaction
  try {
    interaction = await server.provider.interactionDetails(message, response)
  } catch {
    return messagePage(400, 'Your session has expired', 'Go back to the application and sign in again.')
  }
  const { params } = interaction
  const client = org.directory.client(String(params['client_id']))
  exchange.client_id = client?.client_id
  const view = {
    action: request.url.pathname,
    client_name: client?.client_name ?? '',
    username: request.params['username'] ?? String(params['login_hint'] ?? ''),
    people: org.directory.users,
  }
  if (request.method !== 'POST') return signInPage({ ...view, people: [...view.people] })

  const user = org.directory.user(request.params['username'])
  if (user === undefined || user.password !== request.params['password']) {
    return signInPage({ ...view, people: [...view.people], problem: 'Unable to sign in' })
  }
  const returnTo = await server.provider.interactionResult(message, response, {
    login: {
      accountId: user.id,
      ts: org.clock.now(),
      amr: user.amr,
      remember: request.params['remember'] === 'true',
    },
  })
  if (interaction.session !== undefined && interaction.session.accountId !== user.id) {
    await changePrincipal(exchange, interaction.session.uid, user.id)
  }
  return redirect(returnTo)
}

/** Ends the session at the mock, for the next person. */
export async function signOut(exchange: Exchange): Promise<Reply> {
  const { session, clear } = await currentSession(exchange)
  await session.destroy()
  return redirect(exchange.org.origin, { 'set-cookie': clear })
}

/** The session of a request, and the cookies that end it in the browser. */
export async function currentSession({ server, request }: Pick<Exchange, 'server' | 'request'>) {
  const message = toMessage(server, request)
  const ctx = server.provider.createContext(message, new ServerResponse(message))
  const session = await server.provider.Session.get(ctx as never)
  const name = server.provider.cookieName('session')
  const clear = [name, `${name}.sig`].map((each) => `${each}=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly`)
  return { session, clear }
}

/** oidc-provider refuses that another person continues a session; here the session simply becomes the other person's. */
async function changePrincipal({ server }: Exchange, uid: string, accountId: string): Promise<void> {
  const session = await server.provider.Session.findByUid(uid)
  if (session === undefined) return
  Object.assign(session, { accountId, authorizations: undefined })
  await session.persist()
}
