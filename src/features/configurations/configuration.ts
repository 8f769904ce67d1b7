/** A setting of the whole system (management reference 5.4). Values are strings, as in HDP. */
export type Configuration = {
  readonly id: number
  readonly description: string
  readonly values: readonly string[]
  /** What holds while nothing was set. */
  readonly initial: string
}

export const securePasswordChange: Configuration = {
  id: 2,
  description: 'Whether the current password must be given to change one\'s own: "true" or "false"',
  values: ['true', 'false'],
  initial: 'true',
}

/** HDP begins with "1", whose passwords end at 12 characters; NIST SP 800-63B wants room for 64, and no composition. */
export const passwordPolicyInForce: Configuration = {
  id: 6,
  description: 'The password policy: "-1" none, "1" the default one, "2" the custom one',
  values: ['-1', '1', '2'],
  initial: '2',
}

/** Those of HDP's that this server has something to configure for. */
export const configurations: readonly Configuration[] = [
  securePasswordChange,
  passwordPolicyInForce,
]
