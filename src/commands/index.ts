import type { Command, Run } from './command.ts'

/** @param usage the words that call it, then what it takes: `admin unlock <user>` */
const command = (usage: string, summary: string, load: () => Promise<Run>): Command => ({
  name: usage.replace(/ [<[].*/, '').split(' '),
  usage,
  summary,
  load,
})

export const commands: readonly Command[] = [
  command('serve', 'run the server (npm start)', async () => (await import('./serve.ts')).serve),
  command(
    'demo [--once]',
    'play the main job against a server of its own (npm run demo)',
    async () => (await import('./demo.ts')).demo,
  ),
  command(
    'migrate [--dry-run | --to <postgres://…>]',
    'bring the database to this release, or move it to PostgreSQL',
    async () => (await import('./migrate.ts')).migrate,
  ),
  command(
    'backup <file>',
    'copy the embedded database, also while the server runs',
    async () => (await import('./backup.ts')).backup,
  ),
  command(
    'restore <file> [--keep-tokens]',
    'put a backup in the place of the embedded database; ends all tokens',
    async () => (await import('./restore.ts')).restore,
  ),
  command(
    'admin unlock <user>',
    'end the lock of an account',
    async () => (await import('./admin.ts')).unlock,
  ),
  command(
    'admin reset-password <user>',
    'give a user a new password, shown once; ends sessions and tokens',
    async () => (await import('./admin.ts')).resetPassword,
  ),
  command(
    'admin end-tokens',
    'end all sessions and tokens of everybody, as after a restore',
    async () => (await import('./end-tokens.ts')).endTokens,
  ),
  command(
    'keys rotate',
    'seal everything under new keys, also while servers run',
    async () => (await import('./keys.ts')).rotate,
  ),
  command(
    'keys',
    'list the master keys, and what each of them wraps',
    async () => (await import('./keys.ts')).keys,
  ),
  command(
    'doctor',
    'look for what is wrong, and say what to do',
    async () => (await import('./doctor.ts')).doctor,
  ),
]
