/** The pieces pages are made of: boxes, fields, tick boxes, buttons, facts. Targets are 44px high. */
export const partStyle = `
.stack { display: grid; gap: 1.25rem; margin-top: 1.75rem; }
.stack > * { min-width: 0; }
.stack + .small { margin-top: 1.25rem; }
.part { margin-top: 1.75rem; }
.stack .part { margin-top: 0; }
.part > h2 { margin-bottom: 0.35rem; }
.part > p + form, .part > form { margin-top: 1rem; }
.box { margin-top: 1.25rem; padding: 0.8rem 1rem; border: 1px solid; border-left-width: 5px; border-radius: 8px; }
.box-problem { background: var(--problem-tint); border-color: var(--problem-edge); color: var(--problem-ink); }
.box-notice { background: var(--notice-tint); border-color: var(--notice-edge); color: var(--notice-ink); }
.box-warning { background: var(--warn-tint); border-color: var(--warn-edge); color: var(--warn-ink); }
.field label { display: block; margin-bottom: 0.35rem; font-weight: 600; }
.field input { width: 100%; min-height: 48px; padding: 0.55rem 0.8rem; border: 1px solid var(--edge); border-radius: 8px; background: var(--card); }
.field input:focus-visible { outline-offset: 1px; border-radius: 8px; }
.rules { margin-top: -0.75rem; padding-left: 1.15rem; color: var(--quiet); font-size: 0.9rem; }
.button { display: inline-flex; align-items: center; justify-content: center; min-height: 48px; padding: 0.6rem 1.4rem; border: 2px solid var(--edge); border-radius: 9px; background: var(--card); color: var(--ink); font-weight: 650; line-height: 1.2; text-align: center; text-decoration: none; cursor: pointer; }
.button:hover { background: var(--tint); border-color: var(--ink); }
.button:focus-visible { border-radius: 9px; }
.button-main { background: var(--water); border-color: var(--water); color: var(--on-water); }
.button-main:hover { background: var(--water-hover); border-color: var(--water-hover); }
.button-warn { color: var(--problem-ink); border-color: var(--problem-edge); }
.button-warn:hover { background: var(--problem-tint); border-color: var(--problem-ink); }
.button-full { width: 100%; }
.actions { display: grid; gap: 0.75rem; margin-top: 1.75rem; }
.link-button { min-height: 44px; padding: 0; border: 0; background: none; color: var(--link); text-decoration: underline; text-underline-offset: 0.18em; cursor: pointer; }
.tick { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 0.8rem; align-items: center; position: relative; min-height: 44px; padding: 0.55rem 0; }
.tick input { width: 1.35rem; height: 1.35rem; margin: 0; accent-color: var(--water); }
.tick label { cursor: pointer; }
.tick label::after { content: ""; position: absolute; inset: 0; }
.tick-label { font-weight: 600; }
.tick-hint { grid-column: 2; color: var(--quiet); font-size: 0.9rem; }
.facts { display: grid; gap: 0.55rem; margin-top: 0.75rem; }
.facts > div { display: grid; gap: 0 1rem; }
.facts dt { color: var(--quiet); font-size: 0.9rem; }
.facts dd { min-width: 0; }
.facts-quiet { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 0.9rem; }
@media (min-width: 30rem) {
  .facts > div { grid-template-columns: 9.5rem minmax(0, 1fr); align-items: baseline; }
}
`
