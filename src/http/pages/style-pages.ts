/** What only one page has: consent, connected applications, home. */
export const pageStyle = `
.account { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1rem; margin-top: 0.4rem; color: var(--quiet); }
.account strong { color: var(--ink); }
.quote { margin-bottom: 0.9rem; padding-left: 0.9rem; border-left: 3px solid var(--line); color: var(--quiet); }
.unverified { margin-top: 0.9rem; font-size: 0.9rem; color: var(--quiet); }
.badge { display: inline-block; margin-right: 0.3rem; padding: 0 0.5rem; border: 1px solid var(--warn-edge); border-radius: 99px; background: var(--warn-tint); color: var(--warn-ink); font-size: 0.82rem; }
.asker .facts dd .address { font-weight: 600; }
.sources { min-width: 0; border: 0; }
.sources legend { font-weight: 650; }
.source-list { margin-top: 0.6rem; border: 1px solid var(--line); border-radius: 10px; background: var(--tint); }
.source-list .tick { padding: 0.6rem 1rem; }
.source-list .tick + .tick { border-top: 1px solid var(--line); }
.source-list .tick:hover { background: var(--card); }
.source-list-long { max-height: 24rem; overflow-y: auto; overscroll-behavior: contain; }
.source-list-long:focus-visible { outline-offset: 0; border-radius: 10px; }
.tick-links { display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
.tick-links a { display: inline-flex; align-items: center; min-height: 44px; }
.tick-links + .source-list { margin-top: 0; }
.later { padding: 0.3rem 1rem; border: 1px dashed var(--edge); border-radius: 10px; }
.empty { color: var(--quiet); }
.points { display: grid; gap: 0.3rem; padding-left: 1.15rem; }
.points li::marker { color: var(--pool); }
.decision { display: grid; grid-template-columns: 1fr 1fr; gap: 0.9rem; padding-top: 0.25rem; }
.decision-long { grid-template-columns: 1fr; }
@media (min-width: 30rem) { .decision-long { grid-template-columns: 1fr 1fr; } }
.applications { display: grid; gap: 1.25rem; margin-top: 1.75rem; list-style: none; }
.application { padding: 1.25rem; border: 1px solid var(--line); border-radius: 12px; background: var(--tint); }
.application h2 { font: 600 1.25rem/1.3 var(--display); }
.application .button { margin-top: 1.1rem; }
.application .button:not(:hover) { background: var(--card); }
.chips { display: flex; flex-wrap: wrap; gap: 0.4rem; list-style: none; }
.chips li { max-width: 100%; padding: 0.1rem 0.6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card); font-size: 0.92rem; }
.chip-note { margin-top: 0.35rem; font-size: 0.92rem; }
summary { min-height: 44px; display: list-item; align-content: center; padding: 0.5rem 0; color: var(--link); cursor: pointer; }
.account-form { max-width: 26rem; }
.more { display: inline-flex; align-items: center; min-height: 44px; margin-top: 0.75rem; }
.nothing { margin-top: 1.75rem; padding: 2rem 1.25rem; border: 1px dashed var(--edge); border-radius: 12px; text-align: center; }
.nothing p { max-width: 28rem; margin: 0.4rem auto 0; color: var(--quiet); }
.links { display: grid; gap: 0.4rem; list-style: none; }
.links li { display: grid; justify-items: start; }
.links a { display: inline-flex; align-items: end; min-height: 44px; }
`
