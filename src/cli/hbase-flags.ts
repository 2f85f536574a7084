import * as Flags from '@oclif/core/flags'

/** Which rows, by their keys. */
export const rangeFlags = {
  prefix: Flags.string({ helpValue: 'TEXT', description: 'keys that begin so' }),
  start: Flags.string({ helpValue: 'KEY', description: 'from this key on' }),
  end: Flags.string({ helpValue: 'KEY', description: 'up to this key, without it' }),
}

export function rangeOf(flags: {
  readonly prefix?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
}) {
  return {
    ...(flags.prefix === undefined ? {} : { prefix: flags.prefix }),
    ...(flags.start === undefined ? {} : { start: flags.start }),
    ...(flags.end === undefined ? {} : { end: flags.end }),
  }
}
