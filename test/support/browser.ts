import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** For pages on which axe runs: the pages' own policy refuses every script, and so axe's. */
export const accessibilityContext: BrowserContextOptions = { bypassCSP: true }

interface AxeViolation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

const tags = [
  'wcag2a',
  'wcag2aa',
  'wcag21a',
  'wcag21aa',
  'wcag22a',
  'wcag22aa',
  'best-practice',
] as const

/** Needs a page made with `accessibilityContext`. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.addScriptTag({ path: axePath })
  const violations = await page.evaluate(async (values): Promise<AxeViolation[]> => {
    const axe = Reflect.get(globalThis, 'axe') as {
      run(root: unknown, options: unknown): Promise<{ violations: AxeViolation[] }>
    }
    const document: unknown = Reflect.get(globalThis, 'document')
    const found = await axe.run(document, {
      runOnly: { type: 'tag', values },
      resultTypes: ['violations'],
    })
    return found.violations
  }, tags)
  assert.equal(violations.length, 0, `${page.url()}\n${violations.map(describe).join('\n')}`)
}

function describe(violation: AxeViolation): string {
  const nodes = violation.nodes.slice(0, 5).map((node) => {
    return `    ${node.html.slice(0, 200)}\n      ${node.failureSummary?.replaceAll('\n', '\n      ')}`
  })
  return `  ${violation.id}: ${violation.help}\n${nodes.join('\n')}`
}

/** By how many pixels the page is wider than the window; 0 means no sideways scrolling. */
export async function sidewaysOverflow(page: Page): Promise<number> {
  const { scroll, client } = await page
    .evaluate(
      '({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth })',
    )
    .then((found) => found as { scroll: number; client: number })
  return Math.max(0, scroll - client)
}
