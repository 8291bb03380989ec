/** The pages that a person sees: plain HTML with a little CSS, no scripts. */
import { escapeHtml, html } from './http.ts'
import type { Reply } from './http.ts'

/** What the sign-in page shows. */
export interface SignInView {
  action: string
  client_name: string
  username: string
  problem?: string
  /** Shown as help: this is a mock, its users are no secret. */
  people: { login: string; password: string }[]
}

/** The sign-in page: user name, password, remember me. */
export function signInPage(view: SignInView): Reply {
  const { action, client_name, username, problem, people } = view
  return page(
    problem === undefined ? 200 : 401,
    'Sign in',
    `<h1>Sign in</h1>
<p class="to">to continue to <b>${escapeHtml(client_name)}</b></p>
${problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="${escapeHtml(action)}">
<label for="username">Username</label>
<input id="username" name="username" value="${escapeHtml(username)}" autocomplete="username" required ${username === '' ? 'autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required ${username === '' ? '' : 'autofocus'}>
<label class="check"><input type="checkbox" name="remember" value="true" checked> Keep me signed in</label>
<button type="submit">Sign in</button>
</form>
<details><summary>Who can sign in here?</summary>
<table><tr><th>Username</th><th>Password</th></tr>
${people.map((each) => `<tr><td>${escapeHtml(each.login)}</td><td>${escapeHtml(each.password)}</td></tr>`).join('\n')}
</table></details>`,
  )
}

/** Okta's answer to a request that may not be sent back to anybody: a page with status 400. */
export function errorPage(status: number, error: string, description: string): Reply {
  return page(
    status === 401 ? 400 : status,
    'Bad Request',
    `<h1>400 Bad Request</h1>
<p>Your request resulted in an error. <span class="description">${escapeHtml(description)}</span></p>
<p><code class="error">${escapeHtml(error)}</code></p>`,
  )
}

/** A page with one message. */
export function messagePage(status: number, title: string, text: string): Reply {
  return page(status, title, `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(text)}</p>`)
}

/** The home page of the mock: what it is, and the dashboard of tiles. */
export function homePage(view: {
  issuers: string[]
  signed_in_as: string | undefined
  tiles: { name: string; href: string }[]
}): Reply {
  const { issuers, signed_in_as, tiles } = view
  return page(
    200,
    'Mock Okta',
    `<h1>Mock Okta</h1>
<p>A test OpenID Provider. Never let anything trust it that matters.</p>
<p>${issuers.map((issuer) => `<code>${escapeHtml(issuer)}</code>`).join('<br>')}</p>
${signed_in_as === undefined ? '' : `<p>Signed in as <b>${escapeHtml(signed_in_as)}</b>. <a href="/login/signout">Sign out</a></p>`}
${tiles.map((tile) => `<p><a class="tile" href="${escapeHtml(tile.href)}">${escapeHtml(tile.name)}</a></p>`).join('\n')}
<p><a href="/_mock/faults">Faults</a> · <a href="/_mock/requests">Requests</a></p>`,
  )
}

function page(status: number, title: string, content: string): Reply {
  const body = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Mock Okta</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="brand">mock okta</p>
${content}
</main>
</body>
</html>
`
  return html(status, body, {
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  })
}

const style = `
:root { color-scheme: light dark; --ink: #1d1d21; --soft: #6e6e78; --paper: #fff; --ground: #f4f4f4; --line: #8c8c96; --accent: #3f59e4; --bad: #da372c }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2f5; --soft: #a7a7b2; --paper: #22222a; --ground: #16161b; --line: #6e6e78; --accent: #8b9cff; --bad: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 25rem; margin: 10vh auto; padding: 2rem; background: var(--paper); border-radius: .5rem; box-shadow: 0 1px 4px #0003 }
@media (max-width: 30rem) { main { margin: 0; min-height: 100vh; border-radius: 0 } }
.brand { margin: 0 0 1.5rem; color: var(--soft); font-weight: 600; letter-spacing: .04em; text-align: center }
h1 { margin: 0; font-size: 1.4rem }
.to { margin: 0 0 1rem; color: var(--soft) }
label { display: block; margin-top: 1rem; font-weight: 600 }
label.check { font-weight: 400 }
input:not([type=checkbox]) { width: 100%; margin-top: .25rem; padding: .6rem; border: 1px solid var(--line); border-radius: .25rem; background: transparent; color: inherit; font: inherit }
button { width: 100%; margin-top: 1.5rem; padding: .7rem; border: 0; border-radius: .25rem; background: var(--accent); color: var(--paper); font: inherit; font-weight: 600; cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.problem { padding: .5rem .75rem; border-left: .25rem solid var(--bad); background: color-mix(in srgb, var(--bad) 12%, transparent) }
details { margin-top: 2rem; color: var(--soft); font-size: .875rem }
table { width: 100%; margin-top: .5rem; border-collapse: collapse; text-align: left }
td { padding: .15rem .5rem .15rem 0; overflow-wrap: anywhere }
code { overflow-wrap: anywhere }
a { color: var(--accent) }
.tile { display: block; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; text-decoration: none; font-weight: 600 }
`
