import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeAll, operationsOf } from '#test/support/api-description.ts'
import { renderReference } from './reference.ts'

const document = describeAll()
const page = renderReference({ document })

const article = (operationId: string): string => {
  const from = page.indexOf(`<article class="operation" id="${operationId}"`)
  assert.ok(from > 0, operationId)
  return page.slice(from, page.indexOf('</article>', from))
}

describe('the reference page', () => {
  test('has an anchor and a line of the contents for every operation, and no id twice', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length)
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g))
      assert.ok(ids.includes(target), `#${target} leads nowhere`)
    for (const { operation } of operationsOf(document))
      assert.ok(page.includes(`href="#${operation.operationId}"`), operation.operationId)
  })

  test('shows what is needed, the fields with their bounds, and the refusals with their numbers', () => {
    const shown = article('createDataSource')
    assert.match(shown, /CreateDataSource \(1\) and MgmtAPI \(11\)/)
    assert.match(
      shown,
      /<code>name<\/code> <span class="needed">required<\/span><\/th><td>text – 1 to 128 characters/,
    )
    assert.match(shown, /<code>id<\/code> <span class="needed">always<\/span>/)
    assert.match(shown, /whole number or text/)
    assert.match(shown, /<th scope="row">401<\/th><td>222206007<\/td><td>The user name/)
    assert.match(shown, /curl -u &#39;name:password&#39;/)
    assert.match(shown, /&quot;name&quot;:&quot;name&quot;/)
  })

  test('tells where a parameter stands, and what the protocols refuse in words', () => {
    assert.match(
      article('listEntities'),
      /<code>\$filter<\/code><\/th><td>text, in the query – A condition/,
    )
    assert.match(article('listEntities'), /<code>Prefer<\/code><\/th><td>text, as a header/)
    assert.match(article('listEntities'), /<th scope="row">410<\/th><td>–<\/td><td>This next link/)
    assert.match(article('requestToken'), /client id and secret/)
    assert.match(article('checkHealth'), /Needs no credentials/)
  })

  test('every table names what it is of, and every column', () => {
    const tables = page.match(/<table [^>]*>/g) ?? []
    assert.ok(tables.length > 40)
    for (const table of tables) {
      const [, id = ''] = /aria-labelledby="([^"]+)"/.exec(table) ?? []
      assert.ok(page.includes(`id="${id}"`), table)
    }
    for (const head of page.match(/<thead>.*?<\/thead>/g) ?? [])
      assert.match(head, /^<thead><tr>(?:<th scope="col">\w[\w ]+<\/th>){2,3}<\/tr><\/thead>$/)
  })

  test('has every number of the catalogue once for each sentence', () => {
    const from = page.indexOf('<h2 id="refusals"')
    const rows = page.slice(from).match(/<tr><th scope="row">\d{3}<\/th><td>\d{9}<\/td>/g) ?? []
    const numbers = Object.values(document.components.examples).filter(
      ({ value }) => typeof (value as { error: { code: unknown } }).error.code === 'number',
    )
    assert.equal(rows.length, numbers.length)
  })

  test('behind a path of a proxy every link of the page keeps that path', () => {
    const behind = renderReference({ document, basePath: '/gate' })
    for (const [, link] of behind.matchAll(/ (?:href|src)="([^#"][^"]*)"/g))
      assert.match(link ?? '', /^\/gate\//)
  })
})
