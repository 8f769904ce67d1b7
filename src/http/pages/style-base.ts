/** Colours and the ground: page, type, links, focus. Every pair of colours is AA in both schemes. */
export const baseStyle = `
:root {
  color-scheme: light dark;
  --ground: #e9f0ee;
  --ground-deep: #d5e5e5;
  --card: #fffefb;
  --ink: #14272c;
  --quiet: #4c6067;
  --line: #d4dfdd;
  --edge: #71868b;
  --tint: #eff5f3;
  --water: #0b6273;
  --water-hover: #084c5a;
  --on-water: #ffffff;
  --pool: #3f9fac;
  --pool-deep: #0b6273;
  --gate: #2b3d42;
  --link: #0a5c6c;
  --focus: #b4530a;
  --warn-tint: #fdf3de;
  --warn-edge: #b9770e;
  --warn-ink: #513704;
  --problem-tint: #fdeeeb;
  --problem-edge: #b3372b;
  --problem-ink: #8a2219;
  --notice-tint: #e6f4ec;
  --notice-edge: #2a7d52;
  --notice-ink: #17512f;
  --display: ui-serif, "Iowan Old Style", Charter, "Bitstream Charter", "Source Serif 4", Cambria, Georgia, serif;
  --text: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --code: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0c1518;
    --ground-deep: #0a2228;
    --card: #132024;
    --ink: #e7efee;
    --quiet: #a7babc;
    --line: #2a3c41;
    --edge: #728b90;
    --tint: #19292e;
    --water: #5cc3cf;
    --water-hover: #86d8e1;
    --on-water: #04202a;
    --pool: #2f8f9d;
    --pool-deep: #17606d;
    --gate: #cfd9d3;
    --link: #7ccfd9;
    --focus: #ffb35c;
    --warn-tint: #2e2512;
    --warn-edge: #c9932f;
    --warn-ink: #f5dfae;
    --problem-tint: #341a18;
    --problem-edge: #e0776c;
    --problem-ink: #ffc9c2;
    --notice-tint: #122c20;
    --notice-edge: #4fb282;
    --notice-ink: #bdeccf;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  background: var(--card);
  color: var(--ink);
  font: 1rem/1.55 var(--text);
  overflow-wrap: anywhere;
}
h1, h2, p, ul, dl, dd, fieldset, legend { margin: 0; padding: 0; }
h1, h2 { text-wrap: balance; }
h1 { font: 600 1.75rem/1.2 var(--display); letter-spacing: -0.01em; }
h2 { font: 650 1rem/1.4 var(--text); }
img { display: block; }
button, input { font: inherit; color: inherit; }
[hidden] { display: none; }
a { color: var(--link); text-underline-offset: 0.18em; text-decoration-thickness: 0.07em; }
a:hover { text-decoration-thickness: 0.14em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
bdi { overflow-wrap: anywhere; }
.address { font-family: var(--code); font-size: 0.92em; }
.small { font-size: 0.9rem; color: var(--quiet); }
.lead { margin-top: 0.6rem; color: var(--quiet); font-size: 1.05rem; }
.lead strong, .lead .address { color: var(--ink); }
.skip { position: absolute; left: 0.5rem; top: -6rem; z-index: 1; padding: 0.65rem 1rem; background: var(--card); border-radius: 6px; }
.skip:focus { top: 0.5rem; }
@media (prefers-reduced-motion: no-preference) {
  .button, .nav a, .nav-button { transition: background-color 0.12s, border-color 0.12s; }
}
`
