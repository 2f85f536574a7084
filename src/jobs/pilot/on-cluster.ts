/** What the pilot does beside the embedded stages where the site runs the real services. */
import type { ClusterEngine } from '../../engines/hive/address.js'
import { plural } from '../../render/format.js'
import { loadCollected } from '../load/load.js'
import type { HostsContext } from '../provision/context.js'
import { buildOnEngine } from '../warehouse/build.js'
import { type VerifyResult, verifyMarts } from '../warehouse/verify.js'
import { type Check, checkCount } from './checks.js'
import type { StageOutcome } from './run.js'

/** Longest wait for Flume; its files close `idle_timeout` seconds behind their last row. */
const flumeTimeoutMs = 15 * 60_000

export interface ClusterStages {
  readonly engine: ClusterEngine
  readonly context: HostsContext
}

/** Brings what was collected into HDFS, status logs through Flume. */
export async function loadStage({ context }: ClusterStages): Promise<StageOutcome<void>> {
  const { kinds, changed } = await loadCollected({ direct: false, timeoutMs: flumeTimeoutMs }, context)
  const rows = kinds.reduce((sum, kind) => sum + kind.rows, 0)
  return {
    outcome: changed ? 'done' : 'unchanged',
    summary: changed ? `${plural(rows, 'row')} in HDFS` : 'unchanged',
    rows,
    value: undefined,
  }
}

/** Builds the marts of the pilot's days on the site's engine. */
export async function engineStage(
  { engine, context }: ClusterStages,
  range: { readonly from?: string; readonly to?: string },
): Promise<StageOutcome<void>> {
  const { partitions, built } = await buildOnEngine({ engine, ...range }, context)
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0)
  return {
    outcome: built > 0 ? 'done' : 'unchanged',
    summary: built > 0 ? `${plural(built, 'partition')} built on ${engine}` : `unchanged on ${engine}`,
    rows,
    value: undefined,
  }
}

/** Compares the marts of the engine with the embedded ones, row by row; nothing is built. */
export async function compareStage(
  { engine, context }: ClusterStages,
  range: { readonly from?: string; readonly to?: string },
): Promise<StageOutcome<VerifyResult>> {
  const result = await verifyMarts(
    { left: 'embedded', right: [engine], build: false, queries: true, ...range },
    context,
  )
  return {
    outcome: 'done',
    looksOnly: true,
    summary: result.equal
      ? `${plural(result.comparisons.length, 'partition')} and ${plural(result.queries.length, 'answer')} equal on ${engine}`
      : `${engine} differs`,
    rows: result.comparisons.reduce((sum, { leftRows }) => sum + leftRows, 0),
    value: result,
  }
}

/** One check a partition and saved question: rows that the engine has as the embedded mart has them. */
export function comparisonChecks({ comparisons, queries }: VerifyResult): readonly Check[] {
  const named = [
    ...comparisons.map((one) => ({ ...one, what: `${one.mart} ${one.partition}` })),
    ...queries.map((one) => ({ ...one, what: `query ${one.query}` })),
  ]
  return named.map(({ what, right, leftRows, rightRows, differences }) => {
    const check = checkCount(`${what} on ${right}`, 'input', leftRows, rightRows)
    return differences === 0 ? check : { ...check, ok: false, detail: plural(differences, 'difference') }
  })
}
