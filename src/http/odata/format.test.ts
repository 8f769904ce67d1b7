import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonContentType, negotiateCollection, negotiateJson, negotiateMetadata } from './format.ts'

const json = (accept: string | undefined, format?: string) => {
  const { metadata, ieee754 } = negotiateJson(accept, format)
  return `${metadata}${ieee754 ? ' 754' : ''}`
}

for (const [accept, format, expected] of [
  [undefined, undefined, 'minimal'],
  ['', undefined, 'minimal'],
  ['*/*', undefined, 'minimal'],
  ['application/json', undefined, 'minimal'],
  ['Application/JSON;ODATA.Metadata=None', undefined, 'none'],
  ['application/json;metadata=full', undefined, 'full'],
  ['application/json;odata.metadata="full";IEEE754Compatible=TRUE', undefined, 'full 754'],
  ['application/json;IEEE754Compatible=false', undefined, 'minimal'],
  ['application/json;odata.streaming=true;charset="UTF-8"', undefined, 'minimal'],
  ['text/html,application/json;q=0.5,*/*;q=0.1', undefined, 'minimal'],
  ['application/json;q=0.1,application/json;odata.metadata=none;q=0.9', undefined, 'none'],
  ['application/json;x="a,b;c\\"d";metadata=none', undefined, 'none'],
  ['application/json;odata.metadata=other,application/json;odata.metadata=full', undefined, 'full'],
  ['text/html', 'json', 'minimal'],
  ['text/html', 'json;odata.metadata=none', 'none'],
  ['application/json;odata.metadata=none', 'application/json;odata.metadata=full', 'full'],
  [undefined, 'application/json;IEEE754Compatible=true', 'minimal 754'],
] as const)
  test(`JSON is ${expected} for Accept ${String(accept)} and $format ${String(format)}`, () =>
    assert.equal(json(accept, format), expected))

for (const [accept, format] of [
  ['text/html', undefined],
  ['application/json;q=0', undefined],
  ['application/json;charset=iso-8859-1', undefined],
  ['application/json;odata.metadata=other', undefined],
  ['application/atom+xml', undefined],
  [undefined, 'atom'],
  [undefined, 'xml'],
  ['application/json', 'text/html'],
] as const)
  test(`JSON is refused with 406 for Accept ${String(accept)} and $format ${String(format)}`, () =>
    assert.throws(() => json(accept, format), { kind: 'not-acceptable' }))

for (const [accept, format, expected] of [
  [undefined, undefined, 'xml'],
  ['*/*', undefined, 'xml'],
  ['application/*', undefined, 'xml'],
  ['application/xml', undefined, 'xml'],
  ['text/xml', undefined, 'xml'],
  ['application/json', undefined, 'json'],
  ['application/json;odata.metadata=minimal', undefined, 'json'],
  ['application/json, */*;q=0.1', undefined, 'xml'],
  ['application/json, text/plain, */*', undefined, 'xml'],
  ['application/json, application/xml', undefined, 'xml'],
  ['application/xml;q=0.5, application/json;q=0.9', undefined, 'json'],
  ['application/xml;q=0.9, application/json;q=0.5', undefined, 'xml'],
  ['text/html', 'json', 'json'],
  ['application/json', 'xml', 'xml'],
  ['application/json', 'application/xml', 'xml'],
] as const)
  test(`$metadata is ${expected} for Accept ${String(accept)} and $format ${String(format)}`, () =>
    assert.equal(negotiateMetadata(accept, format), expected))

test('$metadata is refused with 406 in any other form', () => {
  for (const accept of ['text/html', 'application/yaml', 'application/json;charset=utf-16'])
    assert.throws(() => negotiateMetadata(accept, undefined), { kind: 'not-acceptable' })
})

test('a content type has the prefix in 4.0 and not in 4.01', () => {
  const format = { metadata: 'full', ieee754: true } as const
  assert.equal(
    jsonContentType({ ...format, version: '4.0' }),
    'application/json;odata.metadata=full;odata.streaming=true;IEEE754Compatible=true;charset=utf-8',
  )
  assert.equal(
    jsonContentType({ ...format, version: '4.01' }),
    'application/json;metadata=full;streaming=true;IEEE754Compatible=true;charset=utf-8',
  )
})

const collection = (accept: string | undefined, format?: string) =>
  negotiateCollection(accept, format, '4.0').contentType

const csvType = 'text/csv;charset=utf-8;header=present'

for (const [accept, format, expected] of [
  ['text/csv', undefined, csvType],
  ['Text/CSV; charset="UTF-8"; header=present', undefined, csvType],
  ['text/html, text/csv', undefined, csvType],
  ['application/json;q=0.5, text/csv', undefined, csvType],
  ['*/*', 'csv', csvType],
  ['application/json', 'text/csv', csvType],
  ['application/x-ndjson', undefined, 'application/x-ndjson'],
  ['application/x-ndjson;odata.metadata=none', undefined, 'application/x-ndjson'],
  ['application/ndjson', undefined, 'application/ndjson'],
  ['application/jsonl', undefined, 'application/jsonl'],
  [undefined, 'ndjson', 'application/x-ndjson'],
  [undefined, 'ndjson;IEEE754Compatible=true', 'application/x-ndjson;IEEE754Compatible=true'],
] as const)
  test(`a collection is ${expected} for Accept ${String(accept)} and $format ${String(format)}`, () =>
    assert.equal(collection(accept, format), expected))

for (const accept of [undefined, '*/*', 'application/*', 'text/csv;q=0.5, */*', 'text/html, */*'])
  test(`a collection is JSON for Accept ${String(accept)}`, () =>
    assert.match(collection(accept), /^application\/json;/))

for (const [accept, format] of [
  ['text/*', undefined],
  ['text/csv;q=0', undefined],
  ['text/csv;header=absent', undefined],
  ['text/csv;charset=utf-16', undefined],
  ['application/x-ndjson;odata.metadata=full', undefined],
  ['application/x-ndjson;charset=latin1', undefined],
  [undefined, 'tsv'],
  ['application/json', 'xml'],
] as const)
  test(`a collection is refused with 406 for Accept ${String(accept)} and $format ${String(format)}`, () =>
    assert.throws(() => collection(accept, format), { kind: 'not-acceptable' }))
