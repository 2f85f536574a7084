import path from 'node:path'
import type { Files } from '../../core/ports.js'

/**
 * Removes what a killed process left of atomic writes to `file` (`.name.xxxxxxxx.tmp` beside it), if last written
 * before `before` (milliseconds since 1970). Without `before` the caller must hold the lock of all writers.
 */
export async function removeLeftovers(
  files: Pick<Files, 'list' | 'remove'>,
  file: string,
  before = Number.POSITIVE_INFINITY,
): Promise<void> {
  const start = `.${path.basename(file)}.`
  for (const entry of await files.list(path.dirname(file))) {
    const leftover = entry.name.startsWith(start) && /^[0-9a-f]{8}\.tmp$/.test(entry.name.slice(start.length))
    if (leftover && entry.modified < before) await files.remove(entry.path)
  }
}
