// `node scripts/node.mjs <arguments>`: the same arguments, on a Node that is new enough.
import { findNode, runInstead } from './find-node.mjs'

await runInstead(findNode(), process.argv.slice(2))
