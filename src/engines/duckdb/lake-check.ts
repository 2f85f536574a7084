import { FailedError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import type { CollectedFile } from '../../marts/inputs.js'

/** The first collected file that is not there, or has another size than collect wrote; undefined when all are sound. */
export async function damagedFile(
  context: Pick<JobContext, 'files'>,
  collected: readonly CollectedFile[],
): Promise<FailedError | undefined> {
  const infos = await Promise.all(collected.map((entry) => context.files.stat(entry.file)))
  for (const [index, entry] of collected.entries()) {
    const info = infos[index]
    const details = { place: { file: entry.file }, hints: [`collect ${entry.source} again`] }
    if (info?.kind !== 'file') {
      return new FailedError(
        'LAKE_FILE_MISSING',
        `the collected file ${entry.path} is missing: collect ${entry.source} again`,
        details,
      )
    }
    if (info.size !== entry.bytes) {
      return new FailedError(
        'LAKE_FILE_CHANGED',
        `the collected file ${entry.path} has ${info.size} bytes, its manifest says ${entry.bytes}: collect ${entry.source} again`,
        details,
      )
    }
  }
  return undefined
}
