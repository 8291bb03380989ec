/** Colours of both schemes, type, and what every page has. Each text colour stands 4.5:1 on its background, tested. */
export const foundation = `
:root {
  color-scheme: light dark;
  --page: #f7f7f9;
  --surface: #ffffff;
  --sunken: #f3f3f6;
  --text: #191a1f;
  --muted: #5a5d69;
  --placeholder: #70737f;
  --line: #e4e5ea;
  --control: #878b98;
  --link: #3a49be;
  --accent: #4150c9;
  --accent-over: #3542ad;
  --on-accent: #ffffff;
  --focus: #4150c9;
  --good: #0d6b3a;
  --good-soft: #eaf7f0;
  --good-line: #bfe3cf;
  --bad: #ad2230;
  --bad-soft: #fdf1f1;
  --bad-line: #f1cccd;
  --warn: #7c4a03;
  --warn-soft: #fff6e4;
  --warn-line: #efd9a7;
  --busy: #3a49be;
  --busy-soft: #eff1fd;
  --busy-line: #cfd4f6;
  --shadow: 0 1px 2px rgb(25 26 31 / 5%), 0 4px 16px rgb(25 26 31 / 4%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101115;
    --surface: #18191e;
    --sunken: #202127;
    --text: #ececf1;
    --muted: #a5a8b5;
    --placeholder: #878b99;
    --line: #2a2c34;
    --control: #747886;
    --link: #a3aeff;
    --accent: #5563dd;
    --accent-over: #4a57cc;
    --on-accent: #ffffff;
    --focus: #a3aeff;
    --good: #6fd19c;
    --good-soft: #12241b;
    --good-line: #23472f;
    --bad: #ff9c9c;
    --bad-soft: #2a1718;
    --bad-line: #532a2c;
    --warn: #f0c069;
    --warn-soft: #271e0f;
    --warn-line: #4d3c1a;
    --busy: #a3aeff;
    --busy-soft: #191c33;
    --busy-line: #30375f;
    --shadow: none;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 24px; }
body {
  margin: 0;
  background: var(--page);
  color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ol, ul, dl, dd, figure, fieldset { margin: 0; padding: 0; }
h1 { font-size: 26px; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; text-wrap: balance; }
h2 { font-size: 16px; line-height: 1.35; font-weight: 620; letter-spacing: -0.005em; }
h3 { font-size: 15px; line-height: 1.4; font-weight: 620; }
strong { font-weight: 620; }
a { color: var(--link); text-underline-offset: 3px; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
code, .mono, .value { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.875em; }
q { quotes: "“" "”"; }
.icon { flex: none; vertical-align: -5px; }
.aside { color: var(--muted); font-weight: 400; font-size: 13px; }
.help { color: var(--muted); font-size: 13.5px; line-height: 1.5; }
.eyebrow { color: var(--muted); font-size: 13.5px; }
.visually-hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: -1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.skip { position: absolute; left: 16px; top: -60px; z-index: 2; padding: 8px 14px; border-radius: 8px; background: var(--accent); color: var(--on-accent); }
.skip:focus { top: 12px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
[hidden] { display: none !important; }

.top-bar {
  display: flex;
  align-items: center;
  gap: 8px 16px;
  padding: 10px max(20px, calc(50vw - 540px));
  border-bottom: 1px solid var(--line);
  background: var(--surface);
  font-size: 13.5px;
}
.brand { color: inherit; text-decoration: none; display: flex; align-items: center; gap: 10px; margin-right: auto; font-weight: 600; white-space: nowrap; }
.mark { color: var(--accent); }
.mark-line { stroke: var(--on-accent); }
.top-bar form { flex: none; }
.who { min-width: 0; overflow: hidden; color: var(--muted); text-overflow: ellipsis; white-space: nowrap; }

main { max-width: 1120px; margin: 0 auto; padding: 40px 20px 96px; }
.narrow main { max-width: 520px; padding-top: max(48px, 12vh); }
.page-head { display: grid; gap: 6px; margin-bottom: 28px; }
.page-head p:last-child { color: var(--muted); }
.prose { display: grid; gap: 8px; }
.stack { display: grid; gap: 20px; }

@media (max-width: 440px) { .who { display: none; } }
@media (prefers-reduced-motion: no-preference) {
  .button, input, select, textarea { transition: background-color 120ms, border-color 120ms, box-shadow 120ms; }
  .status[data-state="tested"] .seal.good { animation: arrive 420ms cubic-bezier(0.2, 1.3, 0.4, 1) both; }
  .status[data-state="tested"] .seal.good .icon path { stroke-dasharray: 16; animation: draw 380ms 260ms ease-out both; }
  .seal.busy { animation: breathe 2.4s ease-in-out infinite; }
}
@keyframes arrive { from { transform: scale(0.4); opacity: 0; } }
@keyframes draw { from { stroke-dashoffset: 16; } to { stroke-dashoffset: 0; } }
@keyframes breathe { 50% { box-shadow: 0 0 0 7px color-mix(in srgb, var(--busy) 14%, transparent); } }
@media print { .top-bar, .skip, .commands, .copy { display: none !important; } }
`
