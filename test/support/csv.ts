// A reader of CSV for tests, written from RFC 4180 section 2 and not from our writer.

/** A field without quotes that has nothing in it is null; what stands in quotes never is. */
export type CsvField = string | null

const quotedField = (text: string, from: number): readonly [string, number] => {
  let value = ''
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) throw new Error(`the quotes that begin at ${from} do not end`)
    value += text.slice(at, quote)
    if (text[quote + 1] !== '"') return [value, quote + 1]
    value += '"'
    at = quote + 2
  }
}

const plainField = (text: string, from: number): readonly [CsvField, number] => {
  let to = from
  while (to < text.length && text[to] !== ',' && text[to] !== '\r' && text[to] !== '\n') {
    if (text[to] === '"') throw new Error(`a quote at ${to} in a field without quotes`)
    to++
  }
  return [to === from ? null : text.slice(from, to), to]
}

/** Reads records, each ended by CR LF. Throws for anything that is not to the letter of the RFC, and for records of other lengths. */
export const readCsv = (text: string): readonly (readonly CsvField[])[] => {
  const records: CsvField[][] = []
  let at = 0
  while (at < text.length) {
    const record: CsvField[] = []
    for (;;) {
      const [field, to] = text[at] === '"' ? quotedField(text, at) : plainField(text, at)
      record.push(field)
      at = to
      if (text[at] !== ',') break
      at++
    }
    if (!text.startsWith('\r\n', at)) throw new Error(`a record does not end at ${at}`)
    at += 2
    if (record.length !== (records[0] ?? record).length)
      throw new Error(`record ${records.length} has ${record.length} fields`)
    records.push(record)
  }
  return records
}
