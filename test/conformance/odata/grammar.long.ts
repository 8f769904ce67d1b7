import { testGrammar } from './grammar-properties.ts'

testGrammar({ right: 2000, wrong: 6000 })
