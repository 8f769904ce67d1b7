import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '#lib/secret.ts'

/** The name of the file in the data directory that holds generated first passwords. */
export const initialPasswordsFile = (dataDir: string): string => join(dataDir, 'initial-passwords')

/** A password that a person can type: 20 letters and digits in groups, 100 bits. */
export const generatePassword = (): Secret => {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789A'
  const letters = [...randomBytes(20)].map((byte) => alphabet[byte % alphabet.length])
  return new Secret([0, 5, 10, 15].map((i) => letters.slice(i, i + 5).join('')).join('-'))
}

/** Adds generated passwords to their file (mode 0600), before the users exist: they cannot be lost. */
export const writeInitialPasswords = (
  dataDir: string,
  users: readonly { userName: string; password: Secret }[],
): void => {
  if (users.length === 0) return
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = initialPasswordsFile(dataDir)
  appendFileSync(file, users.map((u) => `${u.userName} ${u.password.reveal()}\n`).join(''), {
    mode: 0o600,
  })
  chmodSync(file, 0o600)
}
