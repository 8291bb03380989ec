/** A login explained: what to do, what was expected beside what came, what would mend it, and every check. */
export const explained = `
.explained { display: grid; gap: 16px; padding: 20px 22px; border: 1px solid var(--bad-line); border-radius: 12px; background: var(--bad-soft); }
.explained > :is(h2, h3) { font-size: 17px; letter-spacing: -0.005em; text-wrap: balance; }
.explained code.value { background: var(--surface); }
.explained .copy-value .button { border-color: var(--bad-line); }
.failure { display: grid; gap: 16px; }
.remedy { display: grid; gap: 8px; }
.to-copy { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline; }
.to-copy code.value { padding: 4px 9px; border: 1px solid var(--bad-line); font-size: 13.5px; }
.versus { display: grid; gap: 1px; border: 1px solid var(--bad-line); border-radius: 10px; background: var(--bad-line); overflow: hidden; }
.versus > div { display: grid; gap: 4px; align-content: start; min-width: 0; padding: 10px 14px 12px; background: var(--surface); }
.versus dt { display: flex; gap: 6px; align-items: center; color: var(--muted); font-size: 13px; }
.versus dt .icon { width: 16px; height: 16px; }
.versus .expected dt .icon { color: var(--good); }
.versus .received dt .icon { color: var(--bad); }
.versus code.value { background: none; padding: 0; font-size: 13.5px; }
.proposal { display: grid; gap: 10px; padding: 14px 16px; border: 1px solid var(--busy-line); border-radius: 10px; background: var(--surface); }
.proposal-title { color: var(--busy); font-size: 13px; font-weight: 620; }
.explained .proposal code.value { background: var(--sunken); }
.proposal form { gap: 0; }

.cause { display: grid; gap: 10px; }
.cause + .cause { padding-top: 20px; border-top: 1px solid var(--line); }

.legs { display: grid; gap: 0; margin: 10px 0 0 22px; border-top: 1px solid var(--line); }
.leg { border-bottom: 1px solid var(--line); }
.leg > summary { padding: 8px 0 8px 22px; }
.leg > summary::before { top: 16px; }
.leg > .checks { padding: 2px 0 12px 22px; }
.checks { display: grid; list-style: none; }
.check { display: grid; grid-template-columns: 112px minmax(0, 1fr); gap: 4px 14px; align-items: start; padding: 8px 0; }
.check + .check { border-top: 1px dashed var(--line); }
.check > .badge { justify-self: start; }
.check > div { display: grid; gap: 3px; min-width: 0; }
.check.skipped p:first-child { color: var(--muted); }
.check .reference { font-size: 12.5px; gap: 2px 14px; }

.durations th { width: 200px; color: var(--muted); font-weight: 400; }
.durations td:nth-child(2) { width: 96px; white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums; }
.durations :is(th, td) { padding: 6px 0; border: 0; vertical-align: middle; }
.durations td:last-child { padding-left: 16px; }
.bar { display: block; width: 100%; height: 8px; }
.bar rect { fill: var(--control); }

@media (min-width: 700px) {
  .versus:has(> :nth-child(2)) { grid-template-columns: 1fr 1fr; }
}
@media (max-width: 640px) {
  .explained { padding: 16px 14px; }
  .legs { margin-left: 0; }
  .leg > .checks { padding-left: 0; }
  .check { grid-template-columns: minmax(0, 1fr); }
  .durations th { width: auto; }
  .durations td:nth-child(2) { width: 80px; }
  .durations td:last-child { width: 30%; }
  .proposal .commands > .button { flex: 1 1 auto; }
}
`
