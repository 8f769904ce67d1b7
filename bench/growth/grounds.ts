import { cpSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { databaseFile } from '#open-store.ts'
import { createDatabase } from '#test/support/database.ts'
import type { Cluster } from '#test/support/postgres.ts'
import { generateKeys, type Headgate, type Setup, startHeadgate } from '../headgate.ts'
import { type Client, getTokens, registerClient, registerMachine } from '../tokens.ts'
import { fillPostgres } from './fill-postgres.ts'
import { fillSqlite } from './fill-sqlite.ts'
import {
  applications,
  consentQuery,
  type Known,
  knownApplication,
  makeKnown,
  planFor,
  strangerApplication,
} from './plan.ts'

/** A server over a store of so many tokens. */
export type Grown = {
  readonly headgate: Headgate
  readonly known: Known
  /** Of the system database. */
  readonly megabytes: number
  /** The time that filling took. */
  readonly seconds: number
  readonly end: () => Promise<void>
}

/** Where stores grow: everything that all sizes have in common is made once. */
export type Ground = {
  readonly engine: 'SQLite' | 'PostgreSQL'
  readonly clients: Clients
  readonly grow: (tokens: number) => Promise<Grown>
}

export type Clients = { readonly known: Client; readonly machine: Client }

/** The rows that filling begins from: applications, and the consent of the user `demo`. */
const prepare = async (setup: Setup): Promise<Clients> => {
  const headgate = await startHeadgate(setup)
  try {
    for (let number = 1; number <= applications; number += 1)
      await registerClient(headgate.url, false, strangerApplication(number))
    const known = await registerClient(headgate.url, false, knownApplication)
    await getTokens(headgate.url, known, 1)
    return { known, machine: await registerMachine(headgate.url) }
  } finally {
    await headgate.end()
  }
}

const bytesPerToken = { SQLite: 250, PostgreSQL: 500 }

/** Refuses what would fill the disk. */
const checkSpace = (directory: string, tokens: number, perToken: number): void => {
  const { bavail, bsize } = statfsSync(directory)
  const needed = 2 * tokens * perToken
  if (bavail * bsize < needed)
    throw new Error(
      `A store of ${tokens} tokens needs ${Math.ceil(needed / 1e9)} GB in ${directory}; make room, or set TMPDIR to a disk that has it.`,
    )
}

export const prepareSqlite = async (dataDir: string): Promise<Ground> => {
  const keys = generateKeys()
  const template = join(dataDir, 'template')
  const clients = await prepare({ dataDir: template, keys })
  const grow = async (tokens: number): Promise<Grown> => {
    checkSpace(dataDir, tokens, bytesPerToken.SQLite)
    const directory = join(dataDir, `tokens-${tokens}`)
    cpSync(template, directory, { recursive: true })
    const file = databaseFile(directory)
    const began = performance.now()
    const plan = planFor(tokens)
    const known = makeKnown(plan.knownChains, keys.pepper)
    const database = new DatabaseSync(file, { readOnly: true })
    const consent = Number(database.prepare(consentQuery).get()?.['id'])
    database.close()
    fillSqlite(file, plan, { known, consent })
    const seconds = (performance.now() - began) / 1000
    const megabytes = statSync(file).size / 1e6
    const headgate = await startHeadgate({ dataDir: directory, keys })
    const end = async (): Promise<void> => {
      await headgate.end()
      rmSync(directory, { recursive: true, force: true })
    }
    return { headgate, known, megabytes, seconds, end }
  }
  return { engine: 'SQLite', clients, grow }
}

export const preparePostgres = async (dataDir: string, cluster: Cluster): Promise<Ground> => {
  const keys = generateKeys()
  const template = await createDatabase(cluster.url)
  const clients = await prepare({ dataDir, keys, databaseUrl: template })
  const nameOf = (url: string): string => new URL(url).pathname.slice(1)
  const grow = async (tokens: number): Promise<Grown> => {
    checkSpace(dataDir, tokens, bytesPerToken.PostgreSQL)
    const name = `tokens_${tokens}`
    const databaseUrl = cluster.urlOf(name)
    await cluster.run(`create database ${name} template ${nameOf(template)}`)
    const began = performance.now()
    const plan = planFor(tokens)
    const known = makeKnown(plan.knownChains, keys.pepper)
    const [row] = await cluster.run(consentQuery, databaseUrl)
    await fillPostgres(databaseUrl, plan, { known, consent: Number(row?.['id']) })
    const seconds = (performance.now() - began) / 1000
    const [size] = await cluster.run(`select pg_database_size('${name}')::float8 as bytes`)
    const headgate = await startHeadgate({ dataDir, keys, databaseUrl })
    const end = async (): Promise<void> => {
      await headgate.end()
      await cluster.dropDatabase(databaseUrl)
    }
    return { headgate, known, megabytes: Number(size?.['bytes']) / 1e6, seconds, end }
  }
  return { engine: 'PostgreSQL', clients, grow }
}
