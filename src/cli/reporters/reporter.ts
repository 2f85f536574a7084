import type { SmartcarEvent } from '../../core/events.js'

/** Turns events into something that a person sees, on stderr. */
export interface Reporter {
  on(event: SmartcarEvent): void
  /** Puts the screen in order; whatever comes after is not the reporter's. */
  close(): Promise<void>
}

/** For `--quiet`: warnings are still said, since nothing else would say them. */
export function quietReporter(write: (line: string) => void): Reporter {
  return {
    on(event) {
      if (event.t === 'note' && event.level === 'warn') write(`warning: ${event.text}\n`)
    },
    close: async () => {},
  }
}
