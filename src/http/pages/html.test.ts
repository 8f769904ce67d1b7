import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { attributes, escapeHtml, html, renderHtml, type Slot } from './html.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '!', '-', '=', ' ', 'a', ';', '#'),
  }),
  fc.constantFrom(
    '</title><script>alert(1)</script>',
    '"><img src=x onerror=x>',
    "' onload='x",
    '<!--',
  ),
)

function unescape(text: string): string {
  const characters: Record<string, string> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  }
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => characters[entity] ?? entity)
}

interface Parsed {
  readonly tags: string[]
  readonly values: string[]
  readonly text: string
}

function parse(markup: string): Parsed {
  const parsed = { tags: [] as string[], values: [] as string[], text: '' }
  let rest = markup
  while (rest !== '') {
    const tag = /^<(\/?[a-z]+)((?: [a-z-]+="[^"]*")*)>/.exec(rest)
    if (tag) {
      parsed.tags.push(tag[1] ?? '')
      for (const value of (tag[2] ?? '').matchAll(/="([^"]*)"/g))
        parsed.values.push(unescape(value[1] ?? ''))
      rest = rest.slice(tag[0].length)
    } else {
      assert.notEqual(rest[0], '<', `a tag that nobody wrote: ${rest.slice(0, 40)}`)
      const text = /^[^<]+/.exec(rest)?.[0] ?? ''
      parsed.text += unescape(text)
      rest = rest.slice(text.length)
    }
  }
  return parsed
}

describe('html', () => {
  test('any string in any slot is read back as text and nothing else (T11)', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (title, text, nested) => {
        const list = [nested, html`<b>${nested}</b>`]
        const parsed = parse(
          renderHtml(
            html`<p title="${title}" ${attributes({ 'data-x': title })}>${text}${list}</p>`,
          ),
        )
        assert.deepEqual(parsed.tags, ['p', 'b', '/b', '/p'])
        assert.deepEqual(parsed.values, [title.toWellFormed(), title.toWellFormed()])
        assert.equal(parsed.text, `${text}${nested}${nested}\n`.toWellFormed())
      }),
    )
  })

  test('a fragment inside a fragment is not escaped twice', () => {
    assert.equal(renderHtml(html`<p>${html`<b>${'a&b'}</b>`}</p>`), '<p><b>a&amp;b</b></p>\n')
  })

  test('an object that only looks like a fragment is refused', () => {
    const forged = { markup: '<script>' } as unknown as Slot
    assert.throws(() => html`<p>${forged}</p>`, TypeError)
    const inherited = Object.create(html`<b></b>`) as Slot
    assert.throws(() => html`<p>${inherited}</p>`, TypeError)
  })

  test('undefined and false leave nothing, zero stays', () => {
    assert.equal(renderHtml(html`<p>${undefined}${false}${0}</p>`), '<p>0</p>\n')
  })

  test('a slot where escaping does not help is refused at the first rendering', () => {
    const value = 'x'
    assert.throws(() => html`<p class=${value}></p>`, SyntaxError)
    assert.throws(() => html`<p class='${value}'></p>`, SyntaxError)
    assert.throws(() => html`<${value}>`, SyntaxError)
    assert.throws(() => html`<p data-${value}="1"></p>`, SyntaxError)
    assert.throws(() => html`<p onclick="${value}"></p>`, SyntaxError)
    assert.throws(() => html`<p style="${value}"></p>`, SyntaxError)
    assert.throws(() => html`<script>${value}</script>`, SyntaxError)
    assert.throws(() => html`<!-- ${value} -->`, SyntaxError)
    assert.throws(() => html`<p title="${value}`, SyntaxError)
  })

  test('a string between the attributes of a tag is refused', () => {
    assert.throws(() => html`<p ${'onclick=x'}></p>`, TypeError)
    assert.throws(() => html`<p ${html`onclick=x`}></p>`, TypeError)
    assert.throws(() => html`<p>${attributes({ checked: true })}</p>`, TypeError)
  })

  test('a link goes to a path or a web address and never runs a script (T06)', () => {
    for (const href of ['/a', '/', 'https://a.example/', '#content']) {
      assert.match(renderHtml(html`<a href="${href}">x</a>`), /^<a href="[^"]+">x<\/a>\n$/)
    }
    for (const href of [
      'javascript:x',
      ' javascript:x',
      'JaVaScript:x',
      '//a.example',
      '/\\a.example',
      'data:x',
      '',
    ]) {
      assert.throws(() => html`<a href="${href}">x</a>`, TypeError, href)
    }
  })
})

describe('attributes', () => {
  test('true is a bare attribute, and undefined and false are none', () => {
    const list = attributes({ checked: true, id: undefined, disabled: false, value: '"<' })
    assert.equal(renderHtml(html`<input ${list}>`), '<input checked value="&quot;&lt;">\n')
  })

  test('handlers, styles, addresses and strange names are refused', () => {
    for (const name of ['onclick', 'style', 'href', 'action', 'src', 'a b', 'A', '']) {
      assert.throws(() => attributes({ [name]: 'x' }), TypeError, name)
    }
  })
})

test('escapeHtml leaves no character that ends a text or a value', () => {
  fc.assert(fc.property(anyText, (text) => !/[<>"']/.test(escapeHtml(text))))
})
