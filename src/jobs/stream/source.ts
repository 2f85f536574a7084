import { UsageError } from '../../core/errors.js'

export type StreamSource =
  /** The collected drive logs of a day, yyyyMMdd. */
  | { readonly kind: 'day'; readonly day: string }
  /** Drive logs, plain or gzip. */
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** A drive log that grows, until the signal aborts. */
  | { readonly kind: 'follow'; readonly path: string }
  | { readonly kind: 'stdin'; readonly stream: AsyncIterable<Uint8Array> }

export interface SourceChoice {
  readonly day?: string | undefined
  readonly follow?: string | undefined
  /** Files, or `-` alone for stdin. */
  readonly files: readonly string[]
  readonly stdin: () => AsyncIterable<Uint8Array>
}

const hints = [
  '--day 20200322: the collected drive logs of a day',
  'FILE: a drive log, plain or gzip',
  '--follow FILE: a log that grows',
  '-: stdin',
]

/** The one input that was asked for; throws UsageError when there is none, or more than one. */
export function chooseSource({ day, follow, files, stdin }: SourceChoice): StreamSource {
  const asked = [day !== undefined, follow !== undefined, files.length > 0].filter(Boolean).length
  if (asked === 0) throw new UsageError('INPUT_MISSING', 'no input is given', { hints })
  if (asked > 1 || (files.includes('-') && files.length > 1)) {
    throw new UsageError('INPUT_AMBIGUOUS', 'more than one input is given: name a day, files, a log to follow, or -', {
      hints,
    })
  }
  if (day !== undefined) return { kind: 'day', day }
  if (follow !== undefined) return { kind: 'follow', path: follow }
  return files[0] === '-' ? { kind: 'stdin', stream: stdin() } : { kind: 'files', paths: files }
}
