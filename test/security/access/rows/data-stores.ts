import type { Row } from '../table.ts'
import { absentId } from '../world.ts'

// Data stores are the same for everybody; whether one may create data sources there is told (management reference 4.1, 4.7).

const isAuthorized = (store: unknown): boolean => (store as { authorized: boolean }).authorized

// 11 sees them; those with 1 (sysO, kidO and 11 lack it) may create data sources.
const seen = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        c    c    c    0    c    c    0    0    -    -    401  c`

export const dataStoreRows: readonly Row[] = [
  {
    endpoint: 'list-data-stores',
    by: 'management reference 4.1, 4.7',
    cases: { all: () => ({}) },
    sees: (answer) => {
      const { dataStores } = answer as { dataStores: unknown[] }
      return dataStores.every(isAuthorized) ? ['c'] : []
    },
    expect: seen,
  },
  {
    endpoint: 'read-data-store',
    by: 'management reference 4.1, 4.7',
    cases: { all: () => ({ id: 5001 }) },
    sees: (answer) => (isAuthorized(answer) ? ['c'] : []),
    expect: seen,
  },
  {
    endpoint: 'read-data-store',
    about: 'that does not exist',
    by: 'management reference 4.1',
    cases: { absent: () => ({ id: absentId }), group: () => ({ id: 56 }) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  absent     ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?
  group      ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?`,
  },
  {
    endpoint: 'list-connectors',
    by: 'management reference 4.9',
    cases: { own: () => ({}), details: () => ({ query: { details: true, accessible: true } }) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   ok   ok   ok   ok   ok   -    -    401  ok
  details    ok   ok   ok   ok   ok   ok   ok   ok   -    -    401  ok`,
  },
  {
    endpoint: 'list-all-connectors',
    by: 'management reference 4.9',
    cases: { all: () => ({}) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        ok   -    -    -    -    -    -    -    -    -    401  -`,
  },
]
