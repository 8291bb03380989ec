/** Tables; where there is no room for columns, each row becomes a list of its own. */
export const tables = `
table { width: 100%; border-collapse: collapse; font-size: 14px; text-align: left; }
th { font-weight: 560; }
thead th { color: var(--muted); font-size: 13px; }
th, td { padding: 9px 12px; border-top: 1px solid var(--line); vertical-align: top; }
thead :is(th, td) { border-top: 0; }
.claims :is(th, td):first-child { padding-left: 0; }
.claims tbody th { width: 34%; color: var(--muted); font-weight: 400; }
.claims td { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
.records :is(th, td) { overflow-wrap: break-word; }
.records :is(th, .when, .purpose, .took) { white-space: nowrap; }
.records :is(th, td):first-child { padding-left: 24px; }
.records :is(th, td):last-child { padding-right: 24px; }
.records .person { max-width: 240px; }
.records .what .help { margin-top: 3px; text-wrap: pretty; }
.records .took { font-variant-numeric: tabular-nums; }
ul.rows { gap: 0; padding: 6px 0; list-style: none; }
.rows > li { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; justify-content: space-between; padding: 12px 24px; }
.rows > li + li { border-top: 1px solid var(--line); }
.rows > li > a { font-weight: 560; }
.filters { display: flex; flex-wrap: wrap; gap: 12px 32px; }
.choices-row { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; }
.choices-row > .help { margin-right: 6px; }
.choices-row > a { padding: 4px 12px; border: 1px solid transparent; border-radius: 99px; font-size: 14px; text-decoration: none; }
.choices-row > a:hover { border-color: var(--line); }
.choices-row > a[aria-current] { border-color: var(--control); background: var(--surface); color: var(--text); font-weight: 560; }
.pager { display: flex; flex-wrap: wrap; gap: 8px; }
.comparison { border: 1px solid var(--line); border-radius: 10px; border-spacing: 0; border-collapse: separate; overflow: hidden; background: var(--surface); }
.comparison thead { background: var(--sunken); }
.comparison { table-layout: fixed; }
.comparison tr > :first-child { width: 26%; }
.comparison tbody th { color: var(--muted); font-weight: 400; }
.comparison .value { white-space: pre-wrap; }
.preview { display: grid; gap: 12px; padding: 16px 18px; border: 1px solid var(--busy-line); border-radius: 12px; background: var(--busy-soft); }
.preview table { border-radius: 10px; background: var(--surface); }
.previewed :is(th, td) { overflow-wrap: break-word; }
.previewed :is(thead th, td:nth-child(2), td:nth-child(4)) { white-space: nowrap; }
.column { display: none; }
.changed { display: inline-block; padding: 0 8px; border: 1px solid var(--warn-line); border-radius: 99px; background: var(--warn-soft); color: var(--warn); font-size: 12px; }

@media (max-width: 720px) {
  .claims tbody th { width: 42%; }
  .previewed :is(th, td):nth-child(4) { display: none; }
  .previewed tbody th { overflow-wrap: anywhere; }
  .comparison thead, .records thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .comparison, .comparison :is(tbody, tr, th, td), .records, .records :is(tbody, tr, td) { display: block; width: auto; }
  .comparison tr { padding: 12px 14px; border-top: 1px solid var(--line); }
  .comparison tbody tr:first-child { border-top: 0; }
  .comparison :is(th, td) { padding: 2px 0; border: 0; }
  .comparison tbody th { width: auto; color: var(--text); font-weight: 560; }
  .column { display: block; margin-top: 4px; color: var(--muted); font-size: 12.5px; }
  .records tr { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 12px 16px; border-top: 1px solid var(--line); }
  .records tbody tr:first-child { border-top: 0; }
  .records td, .records :is(th, td):first-child, .records :is(th, td):last-child { padding: 0; border: 0; }
  .records td:empty { display: none; }
  .records .when { font-weight: 560; }
  .records .what { flex: 1 0 100%; }
  .records .person { max-width: 100%; overflow-wrap: anywhere; }
}
`
