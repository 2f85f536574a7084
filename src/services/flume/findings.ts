import type { TextPlace } from './properties.js'

export const severities = ['error', 'warning', 'info'] as const
/** error: Flume drops or refuses something, or loses rows. warning: probably not meant. info: worth knowing. */
export type Severity = (typeof severities)[number]

export interface Finding extends TextPlace {
  readonly severity: Severity
  /** Stable name of the kind of finding: `type-unknown`. */
  readonly rule: string
  readonly message: string
  readonly hint?: string
}

/** Collects findings; checks add to it in any order. */
export class Findings {
  private readonly found: Finding[] = []

  add(severity: Severity, rule: string, place: TextPlace, message: string, hint?: string): void {
    const finding = { severity, rule, line: place.line, column: place.column, message }
    this.found.push(hint === undefined ? finding : { ...finding, hint })
  }

  error(rule: string, place: TextPlace, message: string, hint?: string): void {
    this.add('error', rule, place, message, hint)
  }

  warning(rule: string, place: TextPlace, message: string, hint?: string): void {
    this.add('warning', rule, place, message, hint)
  }

  /** In the file's order; at one place the worst first. */
  sorted(): readonly Finding[] {
    const rank = (finding: Finding) => severities.indexOf(finding.severity)
    return [...this.found].sort((a, b) => a.line - b.line || a.column - b.column || rank(a) - rank(b))
  }
}
