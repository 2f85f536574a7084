/** Where a followed log was left: its position, the engines' open windows, the sizes of its side files. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import type { JobContext } from '../../core/ports.js'
import type { EngineSnapshot } from '../../rules/engine.js'

const whole = z.number().int().nonnegative()

const engineSnapshot = z.object({
  cars: z.array(
    z.object({
      car: z.string(),
      newest: z.number(),
      windows: z.array(
        z.object({
          day: z.number().int(),
          index: whole,
          rows: whole,
          last: z.number().int(),
          mask: z.array(z.number().int()),
          measures: z.array(z.number()),
        }),
      ),
    }),
  ),
})

const tailPosition = z.object({
  /** Identity of the file, 0 where the file system has none. */
  inode: whole,
  /** Bytes up to the end of the last whole line that was taken. */
  offset: whole,
  /** Fingerprint of the bytes in front of `offset`, see src/logs/log-position.ts. */
  tail: z.string(),
})

const checkpoint = z.object({
  schemaVersion: z.literal(1),
  file: z.string(),
  /** Digest by rule name; a checkpoint of other rules is of no use. */
  rules: z.record(z.string(), z.string()),
  position: tailPosition,
  /** Lines of the file in front of the position. */
  lines: whole,
  sides: z.object({ rejects: whole, late: z.record(z.string(), whole) }),
  engines: z.record(z.string(), engineSnapshot),
})
export interface Checkpoint extends Omit<z.infer<typeof checkpoint>, 'engines'> {
  readonly engines: Readonly<Record<string, EngineSnapshot>>
}

/** One for each followed file and set of rules, so that following with one rule does not disturb all of them. */
export function checkpointFile(layout: JobContext['layout'], file: string, ruleNames: readonly string[]): string {
  const identity = createHash('sha256')
    .update(JSON.stringify([file, ...ruleNames]))
    .digest('hex')
    .slice(0, 12)
  return path.join(layout.state, 'stream', `${path.basename(file)}-${identity}.json`)
}

/** The stored checkpoint; undefined when there is none, `unreadable` when it is damaged. */
export async function readCheckpoint(
  context: Pick<JobContext, 'files'>,
  file: string,
): Promise<Checkpoint | 'unreadable' | undefined> {
  const text = await context.files.readText(file)
  if (text === undefined) return undefined
  try {
    return checkpoint.parse(JSON.parse(text))
  } catch {
    return 'unreadable'
  }
}

export async function writeCheckpoint(
  context: Pick<JobContext, 'files'>,
  file: string,
  value: Checkpoint,
): Promise<void> {
  await context.files.writeAtomic(file, `${JSON.stringify(value)}\n`)
}
