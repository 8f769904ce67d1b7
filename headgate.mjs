// Entry point in plain JavaScript: finds the right Node, switches the compile cache on, and hands over.
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { findNode, runInstead } from './scripts/find-node.mjs'

const node = findNode()
if (node !== process.execPath)
  await runInstead(node, [
    ...process.execArgv,
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ])
module.enableCompileCache?.()
const { main } = await import('./src/main.ts')
await main(process.argv.slice(2))
