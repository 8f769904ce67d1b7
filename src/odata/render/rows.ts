// Many rows as JSON at once: JSON's own writer makes what it can.
import type { EdmType } from '../edm/types.ts'
import { createRowRenderer, isQuoted, type RawCell, type RenderedProperty } from './json.ts'
import { isoStamp } from './stamp.ts'

type Fits = (value: RawCell) => boolean

const whole =
  (least: number, most: number): Fits =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most

const matchingText =
  (pattern: RegExp): Fits =>
  (value) =>
    typeof value === 'string' && pattern.test(value)

const finite: Fits = (value) => typeof value === 'number' && Number.isFinite(value)

/** Values that JSON's own writer writes as their renderer does; of other types there are none. */
const natives: Partial<Record<EdmType, Fits>> = {
  'Edm.Boolean': (value) => typeof value === 'boolean',
  'Edm.Byte': whole(0, 255),
  'Edm.SByte': whole(-128, 127),
  'Edm.Int16': whole(-32_768, 32_767),
  'Edm.Int32': whole(-2_147_483_648, 2_147_483_647),
  'Edm.Int64': whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  'Edm.Single': finite,
  'Edm.Double': finite,
  'Edm.String': (value) => typeof value === 'string',
  'Edm.Date': matchingText(/^\d{4}-\d\d-\d\d$/),
  'Edm.DateTimeOffset': matchingText(isoStamp),
}

/** An integer as a number where that is exact: a column of large ones makes all of a row come as bigint. */
const numberOf = (cell: RawCell): RawCell =>
  typeof cell === 'bigint' && cell >= Number.MIN_SAFE_INTEGER && cell <= Number.MAX_SAFE_INTEGER
    ? Number(cell)
    : cell

/** Makes the function that gives a row as an object for JSON's own writer; undefined for a row with a cell that is not for it. */
const createObjects = (properties: readonly RenderedProperty[], ieee754: boolean) => {
  const members = properties.flatMap(({ name, type, collection, zone }) => {
    const fits = natives[type]
    const isOther = collection === true || zone !== undefined || (ieee754 && isQuoted(type))
    // An object has the one not for itself, and gives the others first.
    const isOdd = /^(?:__proto__$|\d)/.test(name)
    return fits === undefined || isOther || isOdd ? [] : [{ name, fits }]
  })
  if (members.length < properties.length) return undefined
  return (row: readonly RawCell[]): Readonly<Record<string, RawCell>> | undefined => {
    const object: Record<string, RawCell> = {}
    for (let i = 0; i < members.length; i++) {
      const member = members[i]
      const cell = numberOf(row[i] ?? null)
      if (member === undefined || (cell !== null && !member.fits(cell))) return undefined
      object[member.name] = cell
    }
    return object
  }
}

/**
 * Makes the function that renders many rows, each in its braces, with commas between them: the text that
 * `createRowRenderer` makes, in half the time, because JSON's own writer makes what it can.
 */
export const createRowsRenderer = (
  properties: readonly RenderedProperty[],
  ieee754: boolean,
): ((rows: readonly (readonly RawCell[])[]) => string) => {
  const render = createRowRenderer(properties, ieee754)
  const objectOf = createObjects(properties, ieee754)
  if (objectOf === undefined) return (rows) => rows.map((row) => `{${render(row)}}`).join()
  return (rows) => {
    const pieces: string[] = []
    let objects: Readonly<Record<string, RawCell>>[] = []
    const flush = (): void => {
      if (objects.length > 0) pieces.push(JSON.stringify(objects).slice(1, -1))
      objects = []
    }
    for (const row of rows) {
      const object = objectOf(row)
      if (object !== undefined) {
        objects.push(object)
        continue
      }
      flush()
      pieces.push(`{${render(row)}}`)
    }
    flush()
    return pieces.join()
  }
}
