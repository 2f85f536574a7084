/** Gathers the verdicts of one rule and brings them into its alert files, idempotently. */
import type { JobContext } from '../../core/ports.js'
import type { CompiledRule } from '../../rules/compiled-rule.js'
import { dayText } from '../../rules/drive-rows.js'
import type { WindowVerdict } from '../../rules/engine.js'
import { type AlertContext, lockAlerts } from './alert-files.js'
import { type AlertMode, type DayChange, mergeDay, oldKeys } from './alert-merge.js'
import { type DayVerdicts, dayVerdicts, verdictKey } from './verdicts.js'

export interface AlertStore {
  /** Must be called for a day before verdicts on it are added. Days since 1970-01-01. */
  openDay(day: number): Promise<void>
  add(verdict: WindowVerdict): void
  /** Verdicts that are not in the files yet. */
  readonly pending: number
  /** Writes the days that were opened or changed since the last flush; each wholly or not at all. */
  flush(): Promise<readonly DayChange[]>
}

interface OpenDay {
  readonly verdicts: DayVerdicts
  /** Keys of the alerts in the file, ascending. */
  readonly known: Float64Array
  dirty: boolean
}

function includes(sorted: Float64Array, key: number): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < key) low = middle + 1
    else high = middle
  }
  return sorted[low] === key
}

export function createAlertStore(
  rule: CompiledRule,
  mode: AlertMode,
  context: AlertContext & Pick<JobContext, 'signal' | 'emit'>,
): AlertStore {
  const { table } = rule.definition.output
  const aggregates = rule.aggregates.length
  const days = new Map<number, OpenDay>()
  let pending = 0

  return {
    get pending() {
      return pending
    },
    async openDay(day) {
      if (days.has(day)) return
      const known = mode === 'merge' ? await oldKeys(rule, day, context) : new Float64Array(0)
      days.set(day, { verdicts: dayVerdicts(aggregates), known, dirty: true })
    },
    add(verdict) {
      const open = days.get(verdict.day)
      if (open === undefined) return
      // A verdict "no alert" only matters where an alert stands.
      if (!verdict.holds && !includes(open.known, verdictKey(verdict.index, verdict.car))) return
      open.verdicts.add(verdict)
      open.dirty = true
      pending++
    },
    async flush() {
      const changes: DayChange[] = []
      const dirty = [...days].filter(([, open]) => open.dirty).sort(([a], [b]) => a - b)
      if (dirty.length === 0) return changes
      await using _ = await lockAlerts(context, table, `stream rule ${rule.definition.name}`)
      for (const [day, open] of dirty) {
        const { change, keys, foreign } = await mergeDay(rule, day, open.verdicts, mode, context)
        changes.push(change)
        days.set(day, { verdicts: dayVerdicts(aggregates), known: keys, dirty: false })
        if (!foreign) continue
        context.emit({
          t: 'note',
          level: 'warn',
          text: `${table} ${dayText(day)}: its alerts were written by another version of the rule and are replaced`,
        })
      }
      pending = 0
      return changes
    },
  }
}
