/** The report as one HTML page that a person can read: nothing is loaded, nothing runs, everything is escaped. */
import { escapeHtml } from '../http.ts'
import type { Call } from './evidence.ts'
import { countResults, summary, words } from './report.ts'
import type { ModuleReport, Report } from './report.ts'

/** The page. */
export function reportPage(report: Report): string {
  const { relying_party, plans, modules, started_at, duration_ms, seed } = report
  const title = `${relying_party}: conformance`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(relying_party)}</h1>
<p>The OpenID Foundation’s modules for relying parties, judged from both sides: what the provider saw, and what the relying party answered.</p>
<p class="total ${countResults(report).failed === 0 ? 'passed' : 'failed'}">${escapeHtml(summary(report))} <span>${escapeHtml(started_at)}, in ${(duration_ms / 1000).toFixed(1)} s, seed ${escapeHtml(seed)}</span></p>
<ul class="plans">
${plans.map((plan, index) => `<li><a href="#plan-${index}">${escapeHtml(plan.title)}</a> ${resultOf(modules.filter((each) => each.plan === plan.name))}</li>`).join('\n')}
</ul>
<p class="soft">A module passes when the provider saw nothing forbidden and everything required, <em>and</em> the relying party gave the right answer in so many words. <em>Not supported</em> is what the relying party says that it cannot do: not passed. Open a module for what happened and the requests that prove it.</p>
</header>
<main>
${plans
  .map((plan, index) => {
    const own = modules.filter((each) => each.plan === plan.name)
    return `<section>
<h2 id="plan-${index}">${escapeHtml(plan.title)}</h2>
<p class="plan"><code>${escapeHtml(plan.plan)}</code>${plan.certification ? '' : ', not a certification'} · ${resultOf(own)}</p>
${own.map(moduleSection).join('\n')}
</section>`
  })
  .join('\n')}
</main>
</body>
</html>
`
}

function resultOf(modules: ModuleReport[]): string {
  const { failed, passed } = countResults({ modules })
  return `<span class="${failed > 0 ? 'failed' : passed > 0 ? 'passed' : 'not_supported'}">${escapeHtml(summary({ modules }))}</span>`
}

function moduleSection(each: ModuleReport): string {
  const { module, result, reason, does, expects, clause, expected, said, steps, problems, warnings, calls } = each
  const gist = problems[0] ?? reason ?? said
  const list = (items: string[], name: string) =>
    items.length === 0 ? '' : `<ul class="${name}">${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`
  return `<details${result === 'failed' ? ' open' : ''}>
<summary><span class="badge ${result}">${words[result]}</span> <code>${escapeHtml(module)}</code>${warnings.length > 0 ? ' <span class="warned">warning</span>' : ''} <span class="gist">${escapeHtml(gist)}</span></summary>
<dl>
<dt>The provider</dt><dd>${escapeHtml(does)}</dd>
<dt>Expected</dt><dd>${escapeHtml(expects)} <span class="soft">${escapeHtml(expected)}; ${escapeHtml(clause)}</span></dd>
${reason === undefined ? '' : `<dt>Why ${words[result]}</dt><dd>${escapeHtml(reason)}</dd>`}
${steps.length === 0 ? '' : `<dt>What happened</dt><dd>${steps.map((step) => `<p><b>${escapeHtml(step.name)}</b> ${escapeHtml(step.answer)}</p>`).join('')}</dd>`}
${problems.length === 0 ? '' : `<dt>What is wrong</dt><dd>${list(problems, 'problems')}</dd>`}
${warnings.length === 0 ? '' : `<dt>Warnings</dt><dd>${list(warnings, 'warnings')}</dd>`}
</dl>
${calls.length === 0 ? '' : evidence(calls)}
</details>`
}

function evidence(calls: (Call & { earlier?: boolean })[]): string {
  const rows = calls.map((call) => {
    const { endpoint, method, path, status, faults, params, token, error, reason, client_authentication } = call
    const facts = { ...params, ...(client_authentication !== undefined && { client_authentication }) }
    const details = [
      ...Object.entries(facts).map(([name, value]) => `${name}=${value}`),
      ...Object.entries({ ...token?.header, ...token?.claims }).map(
        ([name, value]) => `token ${name}: ${JSON.stringify(value)}`,
      ),
      ...(error === undefined ? [] : [`error: ${error}`]),
      ...(reason === undefined ? [] : [`reason: ${reason}`]),
    ]
    const kind = call.earlier === true ? 'earlier' : faults.some((fault) => fault !== 'jwks.decoys') ? 'tampered' : ''
    return `<tr class="${kind}"><td>${escapeHtml(endpoint)}</td><td>${escapeHtml(`${method} ${path}`)}</td><td>${status}</td><td>${escapeHtml(faults.join(', '))}</td><td>${details.map((each) => `<div>${escapeHtml(each)}</div>`).join('')}</td></tr>`
  })
  return `<details class="evidence"><summary>What the provider saw: ${calls.length} requests</summary>
<p class="soft">In grey what came before it began to misbehave, marked what it tampered with. Codes, tokens and secrets are left out.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">endpoint</th><th scope="col">request</th><th scope="col">status</th><th scope="col">faults</th><th scope="col">details</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div></details>`
}

const style = `
:root { color-scheme: light dark; --ink: #1d1d21; --soft: #5f5f69; --paper: #fff; --ground: #f4f4f5; --line: #d5d5da; --good: #17703c; --bad: #b3261e; --mild: #7a5a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2f5; --soft: #a7a7b2; --paper: #22222a; --ground: #16161b; --line: #43434d; --good: #6fd397; --bad: #ff8a80; --mild: #e6c25a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
header, main { max-width: 66rem; margin: 0 auto; padding: 1rem }
h1 { margin: 1rem 0 0; font-size: 1.6rem; overflow-wrap: anywhere }
h2 { margin: 2rem 0 0; font-size: 1.2rem }
.total { font-size: 1.2rem; font-weight: 600 }
.total span, .soft, .plan { color: var(--soft); font-weight: 400; font-size: .9rem }
.plan { margin: 0 0 .5rem }
.plan .passed { color: var(--good) } .plan .failed { color: var(--bad) } .plan .not_supported { color: var(--mild) }
details { background: var(--paper); border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; padding: 0 .8rem }
summary { padding: .5rem 0; cursor: pointer; overflow-wrap: anywhere }
summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px }
.badge { display: inline-block; min-width: 7.5rem; font-weight: 600 }
.passed { color: var(--good) } .failed { color: var(--bad) } .not_supported, .skipped, .warned, .warnings { color: var(--mild) }
.problems { color: var(--bad) }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .3rem 1rem; margin: 0 0 .8rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
dd p { margin: 0 } ul { margin: 0; padding-left: 1.2rem }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr } dt { margin-top: .5rem } }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .85rem; margin-bottom: .8rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-top: 1px solid var(--line) }
td { overflow-wrap: anywhere } td:nth-child(-n+4) { white-space: nowrap } td:last-child { min-width: 20rem }
.earlier { color: var(--soft) }
.tampered td:first-child { box-shadow: inset .2rem 0 var(--bad); padding-left: .6rem } .tampered td:nth-child(4) { font-weight: 600; color: var(--bad) }
.plans { columns: 18rem; padding: 0; list-style: none } .plans a { color: inherit }
.gist { color: var(--soft); font-size: .9rem; margin-left: .5rem }
code { font-size: .95em }
@media print { details { break-inside: avoid } }
`
