/** The sections of a page: cards, the status panel with its steps, banners, failures. */
export const sections = `
.section { display: grid; gap: 16px; padding-top: 48px; }
.section-head { display: grid; gap: 4px; align-content: start; }
.section-head p { color: var(--muted); font-size: 14px; }
.section-body { display: grid; gap: 16px; min-width: 0; }
.card, .panel { display: grid; gap: 24px; min-width: 0; padding: 24px; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); box-shadow: var(--shadow); }
.card > *, .panel > * { min-width: 0; }
.card.fold { display: block; padding: 16px 24px; }
.card.fold[open] { padding-bottom: 24px; }
.card.flush { padding: 6px 0; }
.narrow .panel { gap: 16px; padding: 32px; }
.narrow .panel > .commands { padding-top: 8px; }
form { display: grid; gap: 24px; min-width: 0; }

.status { gap: 20px; }
.status-head { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 16px; align-items: start; }
.status-head h2 { font-size: 20px; letter-spacing: -0.01em; }
.status-head p { margin-top: 2px; color: var(--muted); }
.status-head p strong { color: var(--text); }
.seal { display: grid; place-items: center; width: 44px; height: 44px; border: 1px solid; border-radius: 50%; }
.seal .icon { width: 26px; height: 26px; }
.seal.good { border-color: var(--good); background: var(--good); color: var(--surface); }
.seal.bad { border-color: var(--bad-line); background: var(--bad-soft); color: var(--bad); }
.seal.warn { border-color: var(--warn-line); background: var(--warn-soft); color: var(--warn); }
.seal.busy { border-color: var(--busy-line); background: var(--busy-soft); color: var(--busy); }
.seal.quiet { border-color: var(--line); background: var(--sunken); color: var(--muted); }
.status.good { border-color: var(--good-line); background: linear-gradient(var(--good-soft), var(--surface) 132px) no-repeat var(--surface); }
.status.good .seal { box-shadow: 0 0 0 6px color-mix(in srgb, var(--good) 14%, transparent); }
.status[data-state="tested"] .seal, .status[data-state="enabled"] .seal { width: 56px; height: 56px; }
.status[data-state="tested"] .seal .icon, .status[data-state="enabled"] .seal .icon { width: 34px; height: 34px; }
.status.good .status-head { gap: 20px; align-items: center; padding: 6px 0 2px 6px; }
.status.good .status-head h2 { font-size: 22px; }
.status.bad { border-color: var(--bad-line); }
.status.warn { border-color: var(--warn-line); }
.status > .commands { padding-top: 4px; }
.pending { display: grid; gap: 12px; padding-top: 20px; border-top: 1px solid var(--line); }
.pending h3 { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }
.pending > p { color: var(--muted); }
.pending > p strong { color: var(--text); }

.steps { display: flex; flex-wrap: wrap; gap: 8px 28px; list-style: none; color: var(--muted); font-size: 14px; }
.steps li { display: flex; align-items: center; gap: 8px; }
.steps .current { color: var(--text); font-weight: 600; }
.steps .done { color: var(--good); }
.step-mark { display: grid; place-items: center; width: 24px; height: 24px; border: 1px solid var(--control); border-radius: 50%; font-size: 12.5px; font-weight: 600; }
.steps .current .step-mark { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.steps .done .step-mark { border-color: var(--good-line); background: var(--good-soft); }
.step-mark .icon { width: 18px; height: 18px; }

.badge { display: inline-flex; align-items: center; gap: 4px; padding: 1px 10px 1px 5px; border: 1px solid; border-radius: 99px; font-size: 13px; font-weight: 560; line-height: 1.5; letter-spacing: 0; white-space: nowrap; }
.badge .icon { width: 16px; height: 16px; }
.badge.good { border-color: var(--good-line); background: var(--good-soft); color: var(--good); }
.badge.bad { border-color: var(--bad-line); background: var(--bad-soft); color: var(--bad); }
.badge.warn { border-color: var(--warn-line); background: var(--warn-soft); color: var(--warn); }
.badge.busy { border-color: var(--busy-line); background: var(--busy-soft); color: var(--busy); }
.badge.quiet { border-color: var(--line); background: var(--sunken); color: var(--muted); }
h1 .badge { vertical-align: 4px; }

.banner, .callout { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 10px; padding: 14px 18px; border: 1px solid; border-radius: 12px; }
.banner { margin-bottom: 20px; }
.banner > div, .callout > div { display: grid; gap: 6px; }
.banner-title { font-weight: 620; }
.banner ul { display: grid; gap: 4px; list-style: none; }
.banner.bad { border-color: var(--bad-line); background: var(--bad-soft); }
.banner.good { border-color: var(--good-line); background: var(--good-soft); }
.banner.good > .icon, .banner.good .banner-title { color: var(--good); }
.banner.warn, .callout.warn { border-color: var(--warn-line); background: var(--warn-soft); }
.banner.bad > .icon, .banner.bad .banner-title { color: var(--bad); }
.banner.warn > .icon, .banner.warn .banner-title, .callout.warn > .icon { color: var(--warn); }
.banner .icon, .callout .icon { margin-top: 2px; }

.facts { display: grid; gap: 10px; }
.facts > div { display: grid; gap: 2px; }
.facts dt { color: var(--muted); font-size: 13.5px; }
.facts dd { min-width: 0; }
.reference { display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--muted); font-size: 13px; }
.reference a { color: inherit; }

@media (min-width: 700px) {
  .facts > div { grid-template-columns: 150px minmax(0, 1fr); gap: 16px; align-items: baseline; }
  .narrow .facts > div { grid-template-columns: 110px minmax(0, 1fr); }
}
@media (min-width: 960px) {
  main { padding-top: 56px; }
  .section { grid-template-columns: 272px minmax(0, 1fr); gap: 56px; padding-top: 56px; }
  .section-head { padding-top: 4px; }
  .status { padding: 28px; }
}
@media (max-width: 640px) {
  .steps { gap: 8px 16px; }
  main { padding-top: 28px; }
  .card, .panel, .narrow .panel { padding: 20px 16px; border-radius: 12px; }
  .card.fold { padding: 12px 16px; }
  .card.flush { padding: 0; }
  .status-head { gap: 12px; }
  .seal { width: 36px; height: 36px; }
  .seal .icon { width: 22px; height: 22px; }
  .commands > .button, .commands > form, .commands > form > .button { flex: 1 1 auto; }
}
`
