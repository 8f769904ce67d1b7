import { resetPassword, unlock } from './admin.ts'
import { backup } from './backup.ts'
import type { Command } from './command.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { endTokens } from './end-tokens.ts'
import { keys, rotate } from './keys.ts'
import { migrate } from './migrate.ts'
import { restore } from './restore.ts'
import { serve } from './serve.ts'

export const commands: readonly Command[] = [
  serve,
  demo,
  migrate,
  backup,
  restore,
  unlock,
  resetPassword,
  endTokens,
  rotate,
  keys,
  doctor,
]
