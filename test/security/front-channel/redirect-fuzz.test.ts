import { test } from 'node:test'
import { checkMatching, checkReaders } from './redirect-properties.ts'

test('T01 of 10,000 mutated redirect URIs only byte-equal ones pass, but for the port of a loopback IP of a public client', () =>
  checkMatching(10_000))

test('T01 two URI readers agree on each of 10,000 mutated redirect URIs, or it cannot be registered', () =>
  checkReaders(10_000))
