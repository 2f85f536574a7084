import type { Counts, SmartcarEvent } from '../../core/events.js'
import { bytes, duration, number, rate } from '../../render/format.js'

export type StageEndEvent = Extract<SmartcarEvent, { t: 'stage.end' }>
export type StageProgressEvent = Extract<SmartcarEvent, { t: 'stage.progress' }>

function countsText(counts: Counts | undefined): string {
  const entries = Object.entries(counts ?? {})
  return entries.length === 0 ? '' : ` (${entries.map(([name, value]) => `${name} ${number(value)}`).join(', ')})`
}

/** `built 4 partitions (rows 2,160,000) in 1.9 s`; nothing was timed where nothing was done. */
export function stageEndText(event: StageEndEvent): string {
  const time = event.outcome === 'done' || event.outcome === 'failed' ? ` in ${duration(event.ms)}` : ''
  return `${event.summary}${countsText(event.counts)}${time}`
}

/** `1,200,000 of 4,320,000 rows, 28 %, 1.2 M rows/s` */
export function progressText(event: StageProgressEvent, elapsedMs: number): string {
  const amount = (value: number) => (event.unit === 'bytes' ? bytes(value) : number(value))
  const unit = event.unit === 'bytes' ? '' : ` ${event.unit}`
  const speed =
    event.unit === 'bytes'
      ? `${bytes((event.done * 1000) / Math.max(1, elapsedMs))}/s`
      : rate(event.done, elapsedMs, event.unit)
  if (event.total === undefined || event.total <= 0) return `${amount(event.done)}${unit}, ${speed}`
  const percent = Math.min(100, Math.floor((event.done * 100) / event.total))
  return `${amount(event.done)} of ${amount(event.total)}${unit}, ${percent} %, ${speed}`
}
