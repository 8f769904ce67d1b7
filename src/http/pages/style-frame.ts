/** What surrounds the content: header, navigation, card, the gate above it, footer. */
export const frameStyle = `
.top, .foot { width: 100%; max-width: 30rem; margin: 0 auto; padding: 1rem 1.25rem; }
.brand { display: inline-flex; align-items: center; gap: 0.65rem; min-height: 44px; color: var(--ink); font: 600 1.25rem/1 var(--display); text-decoration: none; }
.brand:hover span { text-decoration: underline; text-decoration-thickness: 0.07em; text-underline-offset: 0.25em; }
.nav { margin-top: 0.35rem; }
.nav ul { display: flex; flex-wrap: wrap; gap: 0 1.4rem; list-style: none; }
.nav a, .nav-button { display: inline-flex; align-items: center; min-height: 44px; padding: 0; border: 0; border-bottom: 3px solid transparent; border-top: 3px solid transparent; background: none; color: var(--quiet); font-size: 0.95rem; text-decoration: none; cursor: pointer; }
.nav a:hover, .nav-button:hover { color: var(--ink); border-bottom-color: var(--line); }
.nav a[aria-current] { color: var(--ink); font-weight: 600; border-bottom-color: var(--water); }
.card { width: 100%; max-width: 30rem; margin: 0 auto; background: var(--card); }
.card-body { padding: 1.75rem 1.25rem 2rem; }
.wide { max-width: 44rem; }
.foot { margin-top: auto; color: var(--quiet); font-size: 0.85rem; }
.sluice { display: flex; align-items: flex-end; height: 22px; border-bottom: 1px solid var(--line); overflow: hidden; }
.pool { flex: 3; height: 15px; background: linear-gradient(var(--pool), var(--pool-deep)); }
.leaf { flex: none; width: 9px; height: 22px; background: var(--gate); border-radius: 2px 2px 0 0; }
.stream { flex: 2; height: 0; background: var(--pool-deep); }
.sluice-open .leaf { height: 17px; margin-bottom: 5px; }
.sluice-open .stream { height: 5px; }
.sluice-open .leaf { box-shadow: 0 5px 0 var(--pool-deep); }
.sluice-ready .stream { height: 1px; }
@media (min-width: 40rem) {
  body { background: linear-gradient(var(--ground) 40%, var(--ground-deep)) no-repeat var(--ground-deep); }
  .top { padding: 2.5rem 0.25rem 1rem; }
  .top-account { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1.5rem; }
  .nav { margin: 0; }
  .card { border: 1px solid var(--line); border-radius: 14px; overflow: hidden; box-shadow: 0 1px 2px rgb(10 40 48 / 6%), 0 14px 40px -18px rgb(10 40 48 / 28%); }
  .card-body { padding: 2.25rem 2.5rem 2.5rem; }
  .foot { padding: 1.25rem 0.25rem 2.5rem; margin-top: 0; }
  h1 { font-size: 2rem; }
}
@media (min-width: 40rem) and (prefers-color-scheme: dark) {
  .card { box-shadow: none; }
}
`
