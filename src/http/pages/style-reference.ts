/** The API reference: its contents beside it where there is room, and tables that fit a narrow window. */
export const referenceStyle = `
.broad { max-width: 76rem; }
/* Hidden, it would scroll by itself, and the contents would stay behind. */
.card.broad { overflow: clip; }
.paragraph { margin-top: 0.75rem; max-width: 46rem; }
.reference { display: grid; gap: 1.5rem; margin-top: 1.5rem; }
.operations { min-width: 0; }
.operations:focus { outline: none; }
.contents { min-width: 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 12px; background: var(--tint); }
.contents ul { list-style: none; }
.contents details ul { padding: 0 0 0.5rem 0.9rem; border-left: 3px solid var(--line); }
.contents a { display: inline-block; padding: 0.3rem 0; font-size: 0.92rem; line-height: 1.35; }
.contents .skip { padding: 0.65rem 1rem; }
.contents > ul > li > a { padding: 0.6rem 0; font-size: 1rem; }
.operations > section + section { margin-top: 3rem; }
.operations h2 { font: 600 1.5rem/1.25 var(--display); scroll-margin-top: 1rem; }
.operation { margin-top: 1.25rem; padding: 1.25rem 1.25rem 1.4rem; border: 1px solid var(--line); border-radius: 12px; scroll-margin-top: 1rem; }
.operation:target { border-color: var(--water); box-shadow: 0 0 0 1px var(--water); }
.operation > p { margin-top: 0.5rem; }
.operation h3 { margin: 0; font: 650 1.1rem/1.35 var(--text); text-wrap: balance; }
.operation h4 { margin: 1.25rem 0 0.3rem; font: 650 0.95rem/1.4 var(--text); }
.request { font-size: 0.95rem; }
code { font-family: var(--code); font-size: 0.92em; }
.method { display: inline-block; min-width: 4.2rem; padding: 0.05rem 0.5rem; border: 1px solid; border-radius: 6px; font: 650 0.82rem/1.5 var(--code); text-align: center; }
.method-get { background: var(--notice-tint); border-color: var(--notice-edge); color: var(--notice-ink); }
.method-post, .method-put { background: var(--warn-tint); border-color: var(--warn-edge); color: var(--warn-ink); }
.method-delete { background: var(--problem-tint); border-color: var(--problem-edge); color: var(--problem-ink); }
.fields { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: 0.9rem; line-height: 1.45; }
.fields th, .fields td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
.fields thead th:first-child { width: 36%; }
.refusals thead th { width: 7.5rem; }
.refusals thead th:first-child { width: 4rem; }
.refusals thead th:last-child { width: auto; }
.fields thead th { color: var(--quiet); font-size: 0.82rem; }
.fields th:last-child, .fields td:last-child { padding-right: 0; }
.needed { color: var(--quiet); font-size: 0.92em; font-style: italic; }
pre { margin: 0; padding: 0.8rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--tint); font-size: 0.88rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { font-size: 1em; }
@media (min-width: 64rem) {
  .reference { grid-template-columns: 17rem minmax(0, 1fr); gap: 2.25rem; align-items: start; }
  .contents { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto; overscroll-behavior: contain; }
}
@media (max-width: 30rem) {
  .operation { padding: 1rem 0.9rem; }
  .fields { font-size: 0.86rem; }
  .fields th, .fields td { padding-right: 0.5rem; }
  .refusals thead th { width: 5.6rem; }
  .refusals thead th:first-child { width: 3.4rem; }
}
`
