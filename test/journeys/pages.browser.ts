import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Browser, Page } from 'playwright-core'
import { pageAssets } from '#http/pages/assets.ts'
import { pagePolicy, redirectTargetSource } from '#http/pages/content-security-policy.ts'
import { escapeHtml, html, renderHtml } from '#http/pages/html.ts'
import {
  accessibilityContext,
  expectAccessible,
  launchBrowser,
  sidewaysOverflow,
} from '#test/support/browser.ts'
import { pageExamples } from './page-examples.ts'

const schemes = ['light', 'dark'] as const
const widths = [1280, 360, 320] as const

let browser: Browser
let site: Server
let client: Server
let elsewhere: Server
let formAction: string[] = []
let location = '/'

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return server
}

function pageServer(): Server {
  return createServer((request, response) => {
    const path = request.url ?? '/'
    const asset = pageAssets.find((each) => each.path === path)
    const page = pageExamples[path.slice(1)]
    if (request.method === 'POST') {
      response.writeHead(303, { location }).end()
    } else if (asset) {
      response.writeHead(200, { 'content-type': asset.contentType }).end(asset.body)
    } else if (page === undefined) {
      response.writeHead(404).end()
    } else {
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': pagePolicy({ formAction }),
        'referrer-policy': 'no-referrer',
      }
      response.writeHead(200, headers).end(page)
    }
  })
}

before(async () => {
  browser = await launchBrowser()
  site = await listen(pageServer())
  elsewhere = await listen(
    createServer((request, response) => {
      const framed = `<!doctype html><iframe src="${addressOf(site)}/consent"></iframe>`
      response.setHeader('content-type', 'text/html')
      response.end(request.url === '/framing' ? framed : 'arrived elsewhere')
    }),
  )
  client = await listen(
    createServer((request, response) => {
      if (request.url === '/onward')
        response.writeHead(302, { location: addressOf(elsewhere) }).end()
      else response.end('arrived at the client')
    }),
  )
})

after(async () => {
  await browser.close()
  for (const server of [site, client, elsewhere]) {
    server.closeAllConnections()
    server.close()
  }
})

async function withPage(options: object, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(options)
  try {
    await use(await context.newPage())
  } finally {
    await context.close()
  }
}

describe('every page in every state', () => {
  for (const name of Object.keys(pageExamples)) {
    test(`${name} is accessible and fits, light and dark, from 320 to 1280 pixels`, async () => {
      for (const colorScheme of schemes) {
        await withPage({ ...accessibilityContext, colorScheme }, async (page) => {
          for (const width of widths) {
            await page.setViewportSize({ width, height: width > 1000 ? 900 : 740 })
            await page.goto(`${addressOf(site)}/${name}`)
            assert.equal(await sidewaysOverflow(page), 0, `${name} scrolls sideways at ${width}`)
            if (width === 320) continue
            await expectAccessible(page)
            const path = `out/screenshots/${name}-${colorScheme}-${width}.png`
            await page.screenshot({ path, fullPage: true })
          }
        })
      }
    })

    test(`${name} obeys its own policy, asks for nothing from elsewhere and runs no script`, async () => {
      await withPage({}, async (page) => {
        const complaints: string[] = []
        const requests: string[] = []
        page.on('console', (message) => complaints.push(message.text()))
        page.on('pageerror', (error) => complaints.push(error.message))
        page.on('dialog', (dialog) => complaints.push(dialog.message()))
        page.on('request', (request) => requests.push(request.url()))
        await page.goto(`${addressOf(site)}/${name}`)
        assert.deepEqual(complaints, [])
        assert.ok(requests.every((url) => url.startsWith(addressOf(site))))
        assert.equal(await page.locator('script, style, [style], iframe, object').count(), 0)
        assert.equal(await page.locator('form:not(:has(input[name=csrf]))').count(), 0)
      })
    })
  }
})

describe('what the policy allows', () => {
  test('a page is refused in a frame of another origin', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${addressOf(elsewhere)}/framing`)
      const frame = page.frames().find((each) => each !== page.mainFrame())
      assert.ok(frame)
      assert.equal(await frame.locator('form').count(), 0)
      assert.ok(!(await frame.content()).includes('Quarterly Reports'))
    })
  })

  async function allowWith(sources: string[], target: string): Promise<string> {
    let text = ''
    formAction = sources
    location = target
    await withPage({}, async (page) => {
      await page.goto(`${addressOf(site)}/consent`)
      await page.getByRole('button', { name: 'Allow', exact: true }).click()
      await page.waitForTimeout(300)
      text = await page.locator('body').innerText()
    })
    formAction = []
    return text
  }

  test('the decision leads to the client when its redirect is listed and nowhere when it is not', async () => {
    const target = `${addressOf(client)}/callback?code=1`
    assert.equal(await allowWith([redirectTargetSource(target)], target), 'arrived at the client')
    assert.match(await allowWith([], target), /Allow Quarterly Reports/)
  })

  test('a client that redirects onward is followed only when the scheme is listed', async () => {
    const target = `${addressOf(client)}/onward`
    assert.match(await allowWith([redirectTargetSource(target)], target), /Allow Quarterly Reports/)
    assert.equal(await allowWith(['http:'], target), 'arrived elsewhere')
  })
})

describe('the keyboard', () => {
  test('a wrong password leaves the focus in the password field', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${addressOf(site)}/sign-in-problem`)
      assert.equal(await page.evaluate('document.activeElement.name'), 'password')
    })
  })

  test('the Enter key in a tick box denies', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${addressOf(site)}/consent`)
      await page.locator('#later').focus()
      const posted = page.waitForRequest((request) => request.method() === 'POST')
      await page.keyboard.press('Enter')
      const body = new URLSearchParams((await posted).postData() ?? '')
      assert.equal(body.get('decision'), 'deny')
      assert.deepEqual(body.getAll('source'), ['11', '12', '13'])
      assert.equal(body.get('later'), null)
    })
  })
})

test('whatever a name holds, Chromium finds nothing but text (T11)', async () => {
  const strings = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), 300)
  strings.push(
    '<script>x</script>',
    '"><img src=x>',
    "'-->]]>",
    '</title>',
    '&lt;&#0;&amp',
    escapeHtml('<'),
  )
  const rendered = strings.map((text) =>
    renderHtml(
      html`<main><p title="${text}">${text}</p><a href="/x?${text}">${[text, html`<b>${text}</b>`]}</a></main>`,
    ),
  )
  await withPage({}, async (page) => {
    const shapes = await page.evaluate(
      `${JSON.stringify(rendered)}.map((markup) => {
        const found = new DOMParser().parseFromString(markup, 'text/html')
        const all = [...found.querySelectorAll('*')]
        return all.map((each) => each.localName + ':' + each.getAttributeNames()).join(' ')
      })`,
    )
    const expected = 'html: head: body: main: p:title a:href b:'
    assert.deepEqual(new Set(shapes as string[]), new Set([expected]))
  })
})
