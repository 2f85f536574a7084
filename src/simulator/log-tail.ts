import path from 'node:path'
import type { JobContext } from '../core/ports.js'

/** How far a drive log has got. */
export interface LogEnd {
  /** yyyyMMddHHmmss of its latest row, undefined when it has none. */
  readonly time: string | undefined
  /** Cars with a row of that time. */
  readonly cars: ReadonlySet<string>
  /** False when the last line has no newline: a process died while it wrote. */
  readonly lineEnded: boolean
}

const noLog: LogEnd = { time: undefined, cars: new Set(), lineEnded: true }

const row = /^(\d{14}),([A-Z]\d{4}),[0-5],[0-3],(?:F|[LR][1-3]),[NLR],\d{1,3},[A-F](?:0[1-9]|10)$/

/** Bytes of the end that hold the last steps of a fleet; a late row is at most an hour late, see faults.ts. */
const bytesPerCar = 512
const leastBytes = 256 * 1024

/** Rotated logs are named by the time of their last row. */
export function rotatedName(log: string, time: string): string {
  return `${log}.${time}`
}

async function readEnd(context: Pick<JobContext, 'files'>, file: string, size: number, length: number) {
  const start = Math.max(0, size - length)
  const bytes = Buffer.alloc(size - start)
  await using reader = await context.files.open(file)
  let filled = 0
  while (filled < bytes.length) {
    const read = await reader.read(bytes.subarray(filled), start + filled)
    if (read === 0) break
    filled += read
  }
  return bytes.subarray(0, filled)
}

/**
 * Looks at the end of a drive log that an earlier run left, however it ended: the latest row, the cars that have it,
 * and whether the last line is whole. A log that was just rotated away counts by its name.
 */
export async function readLogEnd(context: Pick<JobContext, 'files'>, log: string, cars: number): Promise<LogEnd> {
  const info = await context.files.stat(log)
  const bytes =
    info === undefined || info.size === 0
      ? Buffer.alloc(0)
      : await readEnd(context, log, info.size, Math.max(leastBytes, cars * bytesPerCar))
  let time: string | undefined
  let latest = new Set<string>()
  for (const line of bytes.toString('latin1').split('\n')) {
    const [, at, car] = row.exec(line) ?? []
    if (at === undefined || car === undefined) continue
    if (time === undefined || at > time) {
      time = at
      latest = new Set()
    }
    if (at === time) latest.add(car)
  }
  if (time !== undefined) return { time, cars: latest, lineEnded: bytes.at(-1) === 10 }
  const rotated = await lastRotated(context, log)
  return { ...noLog, time: rotated, lineEnded: bytes.length === 0 || bytes.at(-1) === 10 }
}

async function lastRotated(context: Pick<JobContext, 'files'>, log: string): Promise<string | undefined> {
  const prefix = `${path.basename(log)}.`
  const times = (await context.files.list(path.dirname(log)))
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length, prefix.length + 14))
    .filter((text) => /^\d{14}$/.test(text))
  return times.sort().at(-1)
}
