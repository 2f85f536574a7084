import type { SmartcarEvent } from '../../core/events.js'
import type { Reporter } from './reporter.js'

const progressEveryMs = 1000

/**
 * One JSON object a line, an event of src/core/events.ts with the time `at` (ISO 8601) in front: for programs that
 * follow a run. Progress of a stage comes once a second at most. `quiet`: warnings alone.
 */
export function jsonReporter(
  write: (line: string) => void,
  clock: { now(): number },
  { quiet }: { readonly quiet: boolean },
): Reporter {
  const said = new Map<string, number>()
  const isDue = (event: SmartcarEvent, now: number) => {
    if (quiet) return event.t === 'note' && event.level === 'warn'
    if (event.t === 'note') return true
    if (event.t === 'stage.end') said.delete(event.id)
    else if (event.t === 'stage.progress' && now - (said.get(event.id) ?? 0) < progressEveryMs) return false
    else said.set(event.id, now)
    return true
  }
  return {
    on(event) {
      const now = clock.now()
      if (isDue(event, now)) write(`${JSON.stringify({ at: new Date(now).toISOString(), ...event })}\n`)
    },
    close: async () => {},
  }
}
