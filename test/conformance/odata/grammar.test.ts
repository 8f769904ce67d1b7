import { testGrammar } from './grammar-properties.ts'

// The same texts in every run: other ones are looked for by `npm run long`.
testGrammar({ right: 60, wrong: 120, seed: 401 })
