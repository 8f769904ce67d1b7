// `node scripts/node.mjs <arguments>`: the same arguments, on a Node that is new enough.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNode, runInstead } from './find-node.mjs'

// As in headgate.mjs: every file of tests is a process, and would strip and compile the same thousand modules once more.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache')
await runInstead(findNode(), process.argv.slice(2))
