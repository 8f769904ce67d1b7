// Entry point in plain JavaScript: checks the Node version, switches the compile cache on, and hands over.
import './scripts/require-node.mjs'
import module from 'node:module'

module.enableCompileCache?.()
const { main } = await import('./src/main.ts')
await main(process.argv.slice(2))
