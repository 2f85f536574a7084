import type { JobContext } from '../../core/ports.js'
import { loadTables } from '../../marts/registry.js'
import type { DataTest, DataTests } from '../../render/report/data.js'
import { type CatalogueEntry, readEntry } from '../mart/catalogue.js'

const failuresShown = 30

/** The newest build of every mart's partition of this day, or month for those that are built by month. */
export async function buildsOf(
  context: Pick<JobContext, 'files' | 'layout'>,
  day: string,
  month: string | undefined,
): Promise<readonly CatalogueEntry[]> {
  const builds: CatalogueEntry[] = []
  for (const table of (await loadTables()).values()) {
    if (table.kind !== 'mart') continue
    const value = table.partition.unit === 'day' ? day : month
    const entry = value === undefined ? undefined : await readEntry(context, table, value)
    if (entry !== undefined) builds.push(entry)
  }
  return builds
}

/** What the data tests said when these partitions were built. */
export function testsOf(builds: readonly CatalogueEntry[]): DataTests {
  const failed = builds.flatMap((build) =>
    build.tests
      .filter(({ failures }) => failures > 0)
      .map(({ test, failures }): DataTest => ({ table: build.table, partition: build.partition, test, failures })),
  )
  return {
    run: builds.reduce((sum, build) => sum + build.tests.length, 0),
    failed: { rows: failed.slice(0, failuresShown), total: failed.length },
    byTable: builds
      .filter((build) => build.tests.length > 0)
      .map((build) => ({
        table: build.table,
        run: build.tests.length,
        failed: failed.filter(({ table }) => table === build.table).length,
      })),
  }
}
