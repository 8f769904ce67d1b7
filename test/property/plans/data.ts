// A small data set that hangs together: references to one and to many, that may be null, over several columns, to the same
// table. What stands in it is drawn at random; what is told of it here is the same every time.
import type { TestColumn, TestTable, TestValue } from '#test/contract/connectors/tables.ts'
import { at, clocks, dates, guids, texts } from '../filters.ts'

/** Numbers from 0 on, below the bound, in an order that the seed decides (Mulberry32). */
const numbersOf = (seed: number) => {
  let state = seed
  return (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

export const textPool = [...texts, 'a\u0308', ' a ', 'aB😀b']
export const bigPool = [
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '9007199254740992',
  '0',
  null,
]
/** With fractions of quarters, so that every engine adds them up exactly. */
export const numberPool = ['0.25', '-2.50', '3.00', '0.00', '12.75', '1048576.50', null]
/** Among them both ends of a summer time, to the millisecond. */
export const stampPool = [
  '2024-03-31T00:59:59.999Z',
  '2024-03-31T01:00:00Z',
  '2024-10-27T00:59:59Z',
  '2024-10-27T01:00:00.001Z',
  '2024-02-29T23:30:00Z',
  '1969-12-31T23:59:59Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  null,
]
const smallPool = ['0', '1', '2', '3', '5', '-1', '-7', null]

const key = (name: string): TestColumn => ({ name, type: 'Edm.Int32', required: true })
const text = (name: string): TestColumn => ({ name, type: 'Edm.String', length: 12 })
const whole = (name: string): TestColumn => ({ name, type: 'Edm.Int32' })
const price = (name: string): TestColumn => ({ name, type: 'Edm.Decimal', length: 12, scale: 2 })

const regions = ['N', 'n', 'S', 'ö', '😀', "o'x"]
const customers = 8
/** One customer has more sales than are shown of an expanded collection. */
const sales = 150

/** The tables with rows that the seed decides. */
export const tablesOf = (seed: number): readonly TestTable[] => {
  const below = numbersOf(seed)
  const any = <T>(pool: readonly T[]): T => at(pool, below(pool.length))
  const rows = (count: number, row: (i: number) => readonly TestValue[]) =>
    Array.from({ length: count }, (_, i) => row(i))
  const lines = rows(60, (i) => [
    String((i * 7) % sales),
    String(i % 3),
    any(smallPool),
    any(numberPool),
    any(textPool),
  ])
  return [
    {
      name: 'Region',
      columns: [
        { name: 'code', type: 'Edm.String', length: 8, required: true },
        text('label'),
        whole('rank'),
        { name: 'parent', type: 'Edm.String', length: 8 },
      ],
      key: ['code'],
      references: [{ columns: ['parent'], table: 'Region', referencedColumns: ['code'] }],
      rows: regions.map((code, i) => [
        code,
        any(textPool),
        any(smallPool),
        i === 0 ? null : at(regions, below(i)),
      ]),
    },
    {
      name: 'Customer',
      columns: [
        key('id'),
        text('name'),
        whole('score'),
        { name: 'rate', type: 'Edm.Double' },
        { name: 'vip', type: 'Edm.Boolean' },
        { name: 'home', type: 'Edm.String', length: 8 },
      ],
      key: ['id'],
      references: [{ columns: ['home'], table: 'Region', referencedColumns: ['code'] }],
      rows: rows(customers, (i) => [
        String(i + 1),
        any(textPool),
        any(smallPool),
        any(numberPool),
        any(['true', 'false', null]),
        any([...regions, null]),
      ]),
    },
    {
      name: 'Sale',
      columns: [
        key('id'),
        { name: 'customer', type: 'Edm.Int32' },
        { name: 'region', type: 'Edm.String', length: 8 },
        whole('n'),
        { name: 'big', type: 'Edm.Int64' },
        price('price'),
        { name: 'ratio', type: 'Edm.Double' },
        text('note'),
        { name: 'at', type: 'Edm.DateTimeOffset' },
        { name: 'day', type: 'Edm.Date' },
        { name: 'clock', type: 'Edm.TimeOfDay' },
        { name: 'flag', type: 'Edm.Boolean' },
        { name: 'uid', type: 'Edm.Guid' },
      ],
      key: ['id'],
      references: [
        { columns: ['customer'], table: 'Customer', referencedColumns: ['id'] },
        { columns: ['region'], table: 'Region', referencedColumns: ['code'] },
      ],
      rows: rows(sales, (i) => [
        String(i),
        i < 115 ? '1' : any(['2', '3', '4', null]),
        any([...regions, null]),
        any(smallPool),
        any(bigPool),
        any(numberPool),
        any(numberPool),
        any(textPool),
        any(stampPool),
        any(dates),
        any(clocks),
        any(['true', 'false', null]),
        any(guids),
      ]),
    },
    {
      name: 'Line',
      columns: [key('sale'), key('pos'), whole('qty'), price('cost'), text('note')],
      key: ['sale', 'pos'],
      references: [{ columns: ['sale'], table: 'Sale', referencedColumns: ['id'] }],
      rows: lines,
    },
    {
      name: 'Parcel',
      columns: [key('id'), whole('sale'), whole('pos'), text('mode')],
      key: ['id'],
      references: [{ columns: ['sale', 'pos'], table: 'Line', referencedColumns: ['sale', 'pos'] }],
      rows: rows(30, (i) => {
        const [sale = null, pos = null] = below(4) === 0 ? [null, any(['0', null])] : any(lines)
        return [String(i), sale, pos, any(textPool)]
      }),
    },
  ]
}
