/** Buttons, fields, folds. Nothing to press is smaller than 24 px, and on touch screens nothing below 40 px. */
export const controls = `
.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  max-width: 100%;
  min-height: 38px;
  padding: 7px 16px;
  border: 1px solid var(--control);
  border-radius: 9px;
  background: var(--surface);
  color: var(--text);
  font: inherit;
  font-weight: 560;
  line-height: 1.4;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
.button:hover { background: var(--sunken); }
.button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.button.primary:hover { border-color: var(--accent-over); background: var(--accent-over); }
.button.danger { border-color: var(--bad); color: var(--bad); }
.button.danger:hover { background: var(--bad-soft); }
.button.small { min-height: 32px; padding: 3px 12px; font-size: 13.5px; white-space: nowrap; }
.button:disabled { border-color: var(--line); background: var(--sunken); color: var(--muted); cursor: not-allowed; }
.commands { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; }
.commands > form { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; }

.field { display: grid; gap: 4px; min-width: 0; }
label, legend { padding: 0; font-weight: 560; }
fieldset { display: grid; gap: 20px; min-width: 0; border: 0; }
fieldset.group { padding-top: 24px; border-top: 1px solid var(--line); }
fieldset.group > legend { float: left; width: 100%; font-size: 16px; font-weight: 620; }
fieldset:not(.group) > legend { margin-bottom: 10px; }
input, select, textarea {
  width: 100%;
  min-width: 0;
  min-height: 40px;
  margin-top: 4px;
  padding: 8px 12px;
  border: 1px solid var(--control);
  border-radius: 9px;
  background: var(--surface);
  color: inherit;
  font: inherit;
}
input.mono, textarea.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13.5px; }
textarea { display: block; min-height: 64px; line-height: 1.6; resize: vertical; }
select {
  padding-right: 36px;
  appearance: none;
  background: var(--surface) url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='20' height='20' fill='none' stroke='%23808491' stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='m6 8 4 4 4-4'/%3E%3C/svg%3E") no-repeat right 10px center;
  text-overflow: ellipsis;
}
::placeholder { color: var(--placeholder); opacity: 1; }
input:read-only, textarea:read-only { border-color: var(--line); background: var(--sunken); }
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0; border-color: var(--focus); }
[aria-invalid="true"] { border-color: var(--bad); box-shadow: inset 3px 0 0 var(--bad); }
fieldset[aria-invalid="true"] { padding-left: 16px; }
input[type="radio"] { width: 18px; height: 18px; min-height: 0; margin: 2px 0 0; padding: 0; accent-color: var(--accent); box-shadow: none; }
.copy-row { display: flex; gap: 8px; align-items: stretch; margin-top: 4px; }
.copy-row > input, .copy-row > select, .copy-row > textarea { margin-top: 0; }
textarea.whole { min-height: 40px; resize: none; field-sizing: content; overflow-wrap: anywhere; }
.copy-row .button { flex: none; min-height: 40px; }
.copy-row.narrow > input { flex: none; width: 96px; }
.copy-row.narrow > select { flex: none; width: auto; }
.copy-value { display: inline-flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; }
.copy-value .button { min-height: 26px; padding: 0 9px; border-color: var(--line); border-radius: 7px; font-size: 12.5px; }
.value { user-select: all; }
code.value { padding: 2px 6px; border-radius: 6px; background: var(--sunken); box-decoration-break: clone; -webkit-box-decoration-break: clone; }

.choices { display: grid; gap: 12px; }
.choice { display: grid; grid-template-columns: 18px 1fr; gap: 0 10px; }
.choice .help { grid-column: 2; }

.remark { display: flex; gap: 6px; margin-top: 4px; font-size: 13.5px; line-height: 1.5; }
.remark .icon { width: 18px; height: 18px; margin-top: 1px; }
.remark.bad { color: var(--bad); }
.remark.bad a { color: inherit; }
.remark.quiet { color: var(--muted); }

summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
.fold > summary { position: relative; padding: 4px 0 4px 22px; border-radius: 6px; font-weight: 560; }
.fold > summary > :is(.aside, .badge) { margin-left: 6px; }
.fold > summary::before {
  content: "";
  position: absolute;
  top: 12px;
  left: 4px;
  width: 7px;
  height: 7px;
  border: solid var(--muted);
  border-width: 0 1.8px 1.8px 0;
  transform: rotate(-45deg);
}
.fold[open] > summary::before { transform: rotate(45deg) translate(-1px, -1px); }
.fold-content { display: grid; gap: 20px; padding-top: 16px; }
.confirm[open] { display: grid; gap: 12px; width: 100%; }
.confirm > summary { justify-self: start; }
.confirm > form { display: grid; gap: 12px; justify-items: start; padding: 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }

@media (pointer: coarse), (max-width: 640px) {
  input, select, textarea, input.mono, textarea.mono { font-size: 16px; }
  .button:not(.small) { min-height: 44px; }
  .top-bar .button { min-height: 40px; }
}
@supports not (field-sizing: content) {
  @media (max-width: 640px) { textarea.whole { min-height: 96px; } }
}
`
