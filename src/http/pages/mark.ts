/**
 * The sign of the house, seen from downstream: two posts and the raised leaf between them make an H,
 * and measured water runs out below. It carries its own ground, so it suits both colour schemes.
 */
export const markSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48">
<rect width="48" height="48" rx="11" fill="#0d4f5c"/>
<path d="M16.5 17h15v9.5h-15z" fill="#c9b98f"/>
<path d="M16.5 20.2h15M16.5 23.3h15" stroke="#0d4f5c" stroke-width="1.1"/>
<path d="M10.5 8.5h6v31h-6zM31.5 8.5h6v31h-6z" fill="#f6eedb"/>
<path d="M0 35q4-3 8 0t8 0 8 0 8 0 8 0 8 0V37A11 11 0 0 1 37 48H11A11 11 0 0 1 0 37z" fill="#45b3bf"/>
<path d="M5 41.5q3.2-2.2 6.4 0t6.4 0 6.4 0 6.4 0 6.4 0 6.4 0" fill="none" stroke="#c8edf0" stroke-width="1.4" stroke-linecap="round"/>
</svg>
`
