/** Every exit code of the command line; the one table that `smartcar help exit-codes` prints. */
export const exitCodes = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed' },
  usage: { code: 2, meaning: 'the command line is wrong' },
  invalid: { code: 3, meaning: 'a site file or a definition (rule, mart) is invalid' },
  unreachable: { code: 4, meaning: 'a host or a service is unreachable' },
  check: { code: 5, meaning: 'a check, test or comparison failed' },
  pending: { code: 6, meaning: 'changes are pending (with --exit-code)' },
  unhealthy: { code: 10, meaning: 'a service is unhealthy' },
  bug: { code: 70, meaning: 'a bug in smartcar' },
  interrupted: { code: 130, meaning: 'interrupted' },
} as const

export type ExitName = keyof typeof exitCodes
