import type { SmartcarEvent } from '../../core/events.js'
import { progressText, stageEndText } from './lines.js'
import type { Reporter } from './reporter.js'

const progressEveryMs = 5000

/** One line a stage, for logs and pipes: no colour, no animation; a progress line every five seconds on long work. */
export function plainReporter(write: (line: string) => void, now: () => number): Reporter {
  const running = new Map<string, { title: string; started: number; said: number }>()
  return {
    on(event: SmartcarEvent) {
      if (event.t === 'note') {
        write(`${event.level === 'warn' ? 'warning: ' : ''}${event.text}\n`)
      } else if (event.t === 'stage.start') {
        running.set(event.id, { title: event.title, started: now(), said: now() })
      } else if (event.t === 'stage.progress') {
        const stage = running.get(event.id)
        if (stage === undefined || now() - stage.said < progressEveryMs) return
        stage.said = now()
        write(`${stage.title}: ${progressText(event, now() - stage.started)}\n`)
      } else {
        const title = running.get(event.id)?.title ?? event.id
        running.delete(event.id)
        write(`${title}: ${event.outcome === 'failed' ? 'FAILED: ' : ''}${stageEndText(event)}\n`)
      }
    },
    close: async () => {},
  }
}
