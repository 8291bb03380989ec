/** The pages beside this file: what a run found, and which rows were seen to bite. Written by the runs, checked by the tests. */
import { createHash } from 'node:crypto'
import { markdownTable, summary } from '@relying-party/mock-idp'
import type { Report } from '@relying-party/mock-idp'
import type { Mutation } from './mutations.ts'

/** RESULTS.md: every module with its verdict, the same for the same verdicts. */
export function resultsPage(report: Report): string {
  return page(
    `Conformance of ${report.relying_party}`,
    'Written by `pnpm conformance`: change the server, not this page.',
    `The OpenID Foundation's modules for relying parties with \`response_type=code\`, played by \`@relying-party/mock-idp\` and judged from both sides. ${summary(report)}.

${markdownTable(report)}`,
  )
}

/** MUTATIONS.md: what a run over all mutations has shown. It names their digest, so that one that was never run is noticed. */
export function mutationsPage(mutations: readonly Mutation[]): string {
  const rows = mutations.map(({ rule, fails }) => `| ${rule} | ${fails.map((name) => `\`${name}\``).join('<br>')} |`)
  return page(
    'Every negative row can say no',
    `Written by \`pnpm conformance:mutations\`, of the mutations ${digestOf(mutations)}.`,
    `${mutations.length} rules of our engine, switched off one at a time in a run through every plan: these modules failed then, and no others.

| without this rule | these modules fail, and no others |
| --- | --- |
${rows.join('\n')}
`,
  )
}

function digestOf(mutations: readonly Mutation[]): string {
  const text = JSON.stringify(mutations, (_, value: unknown) => (value instanceof RegExp ? String(value) : value))
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function page(title: string, origin: string, text: string): string {
  return `# ${title}

<!-- prettier-ignore-start -->
<!-- ${origin} -->

${text}
<!-- prettier-ignore-end -->
`
}
