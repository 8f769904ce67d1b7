import { resetPassword, unlock } from './admin.ts'
import type { Command } from './command.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { migrate } from './migrate.ts'
import { serve } from './serve.ts'

export const commands: readonly Command[] = [serve, demo, migrate, unlock, resetPassword, doctor]
