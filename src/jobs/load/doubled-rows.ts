/** Flume delivers at least once: what a killed one had written and not yet confirmed, the next one writes again. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { JobContext } from '../../core/ports.js'
import { openDuckDB } from '../../engines/duckdb/connect.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import type { CollectedFile } from '../../marts/inputs.js'
import { number } from '../../render/format.js'
import type { Hdfs } from '../../services/hdfs/client.js'
import { get } from '../hdfs/get.js'
import { putFile } from '../hdfs/put.js'

/** The folder's rows as they should be; behind a dot until the others are gone, so that no reader sees both. */
const mendedName = 'car-batch-log.mended.log'

/** A byte that no row holds: every line is one column. */
const separator = `'${String.fromCharCode(1)}'`

/** Whole lines of text files. */
function lines(files: readonly string[]): string {
  const list = files.map((file) => duckdbDialect.literal(file)).join(', ')
  return `read_csv([${list}], columns = {'line': 'VARCHAR'}, delim = ${separator}, quote = '', escape = '', header = false, auto_detect = false)`
}

async function counts(connection: DuckDBConnection): Promise<{ readonly missing: number; readonly doubled: number }> {
  const result = await connection.runAndReadAll(`
    SELECT coalesce(sum(greatest(l.n - coalesce(t.n, 0), 0)), 0)::DOUBLE, coalesce(sum(greatest(coalesce(t.n, 0) - l.n, 0)), 0)::DOUBLE
    FROM collected l LEFT JOIN there t USING (line)`)
  const [row] = result.getRows()
  return { missing: Number(row?.[0]), doubled: Number(row?.[1]) }
}

/** The end of a file that was cut off in the middle of a row. */
async function tornRow(file: string, size: number, context: Pick<JobContext, 'files'>): Promise<readonly string[]> {
  const most = 4096
  const tail = new Uint8Array(Math.min(most, size))
  await using reader = await context.files.open(file)
  const count = await reader.read(tail, size - tail.length)
  const text = new TextDecoder().decode(tail.subarray(0, count))
  return text === '' || text.endsWith('\n') ? [] : [text.slice(text.lastIndexOf('\n') + 1)]
}

/** A repair that was cut off behind its hidden file is finished. */
export async function finishMending(folder: string, hdfs: Hdfs): Promise<boolean> {
  const hidden = path.posix.join(folder, `.${mendedName}`)
  if ((await hdfs.stat(hidden)) === undefined) return false
  for (const { kind, path: file, name } of await hdfs.list(folder)) {
    if (kind === 'file' && !name.startsWith('.')) await hdfs.remove(file, false)
  }
  await hdfs.rename(hidden, path.posix.join(folder, mendedName))
  return true
}

/**
 * Compares the rows of a day's folder with those that were collected, and takes out what Flume wrote twice, and rows
 * that it was killed in the middle of; other rows that this site did not collect stay as they are. Returns how many collected rows are still missing.
 */
export async function removeDoubledRows(
  folder: string,
  files: readonly CollectedFile[],
  hdfs: Hdfs,
  context: JobContext,
): Promise<{ readonly missing: number }> {
  const work = path.join(context.layout.state, 'load', `mend-${process.pid}`)
  await context.files.removeTree(work)
  await context.files.mkdir(work)
  try {
    const sources = (await hdfs.list(folder)).filter(({ kind, name }) => kind === 'file' && !name.startsWith('.'))
    await get(hdfs, { sources: sources.map(({ path: file }) => file), target: work, force: true }, context)
    const copies = await context.files.list(work)
    const torn = (await Promise.all(copies.map(({ path: file, size }) => tornRow(file, size, context)))).flat()
    const mended = path.join(work, '.mended')
    let found: { readonly missing: number; readonly doubled: number }
    {
      await using database = await openDuckDB(context)
      const connection = await database.connect()
      await connection.run(
        `CREATE TABLE collected AS SELECT line, count(*) AS n FROM ${lines(files.map(({ file }) => file))} GROUP BY line`,
      )
      await connection.run(
        `CREATE TABLE there AS SELECT line, count(*) AS n FROM ${lines(copies.map(({ path: file }) => file))} GROUP BY line`,
      )
      for (const row of torn)
        await connection.run(
          `DELETE FROM there WHERE line = ${duckdbDialect.literal(row)} AND line NOT IN (SELECT line FROM collected)`,
        )
      found = await counts(connection)
      if (found.missing > 0 || (found.doubled === 0 && torn.length === 0)) return found
      await connection.run(`COPY (
        SELECT line FROM (SELECT t.line, unnest(range(coalesce(l.n, t.n))) FROM there t LEFT JOIN collected l USING (line)) ORDER BY line
      ) TO ${duckdbDialect.literal(mended)} (FORMAT csv, HEADER false, DELIMITER ${separator}, QUOTE '', ESCAPE '')`)
    }
    await putFile(hdfs, mended, path.posix.join(folder, `.${mendedName}`), context)
    await finishMending(folder, hdfs)
    const text = `${folder}: Flume was killed and had written ${number(found.doubled)} rows twice; they are there once now`
    context.emit({ t: 'note', level: 'info', text })
    return found
  } finally {
    await context.files.removeTree(work)
  }
}
