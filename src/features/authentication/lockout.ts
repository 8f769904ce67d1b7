import { sql as raw } from 'kysely'
import type { Clock } from '#lib/clock.ts'
import { type Command, first, prepare, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { createLockoutPolicy } from '../limits/effective.ts'

/** Failed passwords of one subject. Times in milliseconds since 1970. */
export type Failures = { readonly count: number; readonly lockedUntil: number | undefined }

type Row = { failures: number; window_ends_at: number; locked_until: number | null }

/**
 * Counts failed passwords by subject: the id of a user, however the name was spelled, or the hash of a name
 * that nobody has (T48–T50). Every function is a command.
 */
export const createLockout = (store: Store, clock: Clock) => {
  const { sql } = store
  const readPolicy = createLockoutPolicy(store)
  const bySubject = prepare<{ subject: string }, Row>((slot) =>
    sql
      .selectFrom('login_failures')
      .select(['failures', 'window_ends_at', 'locked_until'])
      .where('subject', '=', slot('subject')),
  )

  function* read(subject: string): Command<Failures> {
    const row = yield* first(bySubject({ subject }))
    const now = clock.now()
    if (row === undefined || (row.locked_until ?? row.window_ends_at) <= now)
      return { count: 0, lockedUntil: undefined }
    return { count: row.failures, lockedUntil: row.locked_until ?? undefined }
  }

  /**
   * Adds a failure in one statement, so that no two of them can count as one; locks at the limit. The policy is the one of
   * this moment on every node (T48), and none counts while lockout is off; locks that stand run out.
   */
  function* addFailure(subject: string): Command<void> {
    const policy = yield* readPolicy()
    if (policy.failures === 0) return
    const now = clock.now()
    // PostgreSQL would take a bare parameter inside CASE for text.
    const time = (value: number) => raw<number>`cast(${value} as bigint)`
    const over = raw<boolean>`coalesce(login_failures.locked_until, login_failures.window_ends_at) <= ${now}`
    const next = raw<number>`case when ${over} then 1 else login_failures.failures + 1 end`
    const locks = raw<boolean>`${next} >= ${policy.failures}`
    const windowEnd = raw<number>`case when ${over} then ${time(now + policy.window)} else login_failures.window_ends_at end`
    // A lock that stands is neither shortened nor ended by what was counted too late for it.
    const held = raw<boolean>`coalesce(login_failures.locked_until, 0) > ${now}`
    const firstLocks = policy.failures <= 1
    const expiresAt = now + Math.max(policy.window, policy.period)
    yield* run(
      sql
        .insertInto('login_failures')
        .values({
          subject,
          failures: 1,
          window_ends_at: now + policy.window,
          locked_at: firstLocks ? now : null,
          locked_until: firstLocks ? now + policy.period : null,
          expires_at: expiresAt,
        })
        .onConflict((conflict) =>
          conflict.column('subject').doUpdateSet({
            failures: next,
            window_ends_at: windowEnd,
            locked_at: raw<
              number | null
            >`case when ${held} then login_failures.locked_at when ${locks} then ${time(now)} end`,
            locked_until: raw<
              number | null
            >`case when ${held} then login_failures.locked_until when ${locks} then ${time(now + policy.period)} end`,
            expires_at: raw<number>`case when ${held} then login_failures.expires_at else ${time(expiresAt)} end`,
          }),
        ),
    )
  }

  /** Forgets the failures of a subject, unless it is locked by now; true when it was not. */
  function* clear(subject: string): Command<boolean> {
    const now = clock.now()
    yield* run(
      sql
        .deleteFrom('login_failures')
        .where('subject', '=', subject)
        .where((e) => e.or([e('locked_until', 'is', null), e('locked_until', '<=', now)])),
    )
    const left = yield* read(subject)
    return left.lockedUntil === undefined
  }

  /**
   * Locks a subject from now on, or lets the lock that it has end at another time: an administrator's lock (management
   * reference 2.3) is one like any other. @param until milliseconds since 1970; a lockout period from now unless given
   */
  function* lock(subject: string, until?: number): Command<void> {
    const now = clock.now()
    const end = until ?? now + (yield* readPolicy()).period
    const ends = { window_ends_at: end, locked_until: end, expires_at: end }
    yield* run(
      sql
        .insertInto('login_failures')
        .values({ subject, failures: 1, locked_at: now, ...ends })
        .onConflict((conflict) =>
          conflict.column('subject').doUpdateSet({
            ...ends,
            locked_at: raw<number>`case when login_failures.locked_until > ${now} then login_failures.locked_at else cast(${now} as bigint) end`,
          }),
        ),
    )
  }

  /** Ends a lock, whatever its state; false when there was nothing to end. */
  function* unlock(subject: string): Command<boolean> {
    return (yield* run(sql.deleteFrom('login_failures').where('subject', '=', subject))) > 0
  }

  return { read, addFailure, clear, lock, unlock }
}

export type Lockout = ReturnType<typeof createLockout>

export const userSubject = (userId: number): string => `user:${userId}`
