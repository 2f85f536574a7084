import { formatPlace, InvalidError, type SmartcarError } from '../core/errors.js'

/** What `--json` prints on failure. */
export interface ErrorJson {
  readonly code: string
  readonly message: string
  readonly exitCode: number
  readonly hints: readonly string[]
  readonly place?: SmartcarError['place']
  readonly data?: SmartcarError['data']
}

export function errorJson(error: SmartcarError): ErrorJson {
  return {
    code: error.code,
    message: error.message,
    exitCode: error.exitCode,
    hints: error.hints,
    ...(error.place === undefined ? {} : { place: error.place }),
    ...(error.data === undefined ? {} : { data: error.data }),
  }
}

function causeText(cause: unknown): string | undefined {
  if (cause === undefined || cause === null) return undefined
  return cause instanceof Error ? cause.message : String(cause)
}

/** What a person reads on stderr: the message, each problem at its place, the cause, what to try. */
export function errorText(error: SmartcarError): string {
  const lines = [`error: ${error.message}`]
  if (error instanceof InvalidError) {
    for (const problem of error.diagnostics) {
      lines.push(`  ${formatPlace(problem.place)}: ${problem.message}`)
      if (problem.hint !== undefined) lines.push(`    ${problem.hint}`)
    }
  }
  const cause = causeText(error.cause)
  if (cause !== undefined && !error.message.includes(cause)) lines.push(`  cause: ${cause}`)
  for (const hint of error.hints) lines.push(`  try: ${hint}`)
  if (error.exit === 'bug' && error.stack !== undefined) lines.push(error.stack)
  return `${lines.join('\n')}\n`
}
