/** `mart build`: every partition that is asked for and everything it needs, in order, side by side where it can be. */
import { CheckError, FailedError, SmartcarError, throwIfInterrupted } from '../../core/errors.js'
import { type StageEnd, stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { duration, number, plural, rate } from '../../render/format.js'
import { table as textTable } from '../../render/table.js'
import { asSiteError, assertSiteWritable } from '../site-errors.js'
import {
  buildPartition,
  type PartitionResult,
  removePartition,
  repairEntry,
  resultOf,
  StalePlan,
} from './build-partition.js'
import { readEntry } from './catalogue.js'
import { limiter, mapLimited } from './limit.js'
import { type BuildSelection, type Plan, type PlanItem, type PlannedPartition, planBuild } from './plan.js'
import { type BuildSession, buildSession } from './session.js'

export interface BuildInput extends BuildSelection {
  /** Remove partitions whose inputs are gone; otherwise they are kept and named. */
  readonly prune?: boolean
}

export interface BuildResult {
  /** In the order of the registry, then by day or month. */
  readonly partitions: readonly PartitionResult[]
  readonly built: number
  readonly unchanged: number
  /** Rows of the partitions that were built. */
  readonly rows: number
  /** Wall time, milliseconds. */
  readonly ms: number
}

export interface PlanResult {
  readonly partitions: readonly PlannedPartition[]
}

/** What buildMarts would do and why; writes nothing. Throws what planBuild throws. */
export async function planMarts(input: BuildInput, context: JobContext): Promise<PlanResult> {
  await using session = buildSession(context)
  const plan = await planBuild(input, context, () => session.database())
  return {
    partitions: plan.items.map(({ table, partition, action, reason }) => ({
      table,
      partition,
      action: action === 'orphaned' && input.prune === true ? 'remove' : action,
      reason,
    })),
  }
}

/** A plan goes stale when another process collects or builds meanwhile; each new plan follows what it did. */
const mostPlans = 10

/**
 * Builds marts. Every partition is replaced at once or stays as it was; the rest goes on when one fails, and then the
 * first error is thrown (a CheckError when all failures are data tests) with the results so far in its data. Running it
 * again builds only what is missing. Throws UsageError for unknown marts, FailedError when nothing is collected.
 */
export async function buildMarts(input: BuildInput, context: JobContext): Promise<BuildResult> {
  const started = context.clock.monotonic()
  await using session = buildSession(context)
  let outcome: Outcome
  const earlier = new Map<string, PartitionResult>()
  for (let round = 1; ; round++) {
    const plan = await planBuild(
      // What an earlier round built is up to date now, also for --full.
      { ...input, full: input.full === true && round === 1 },
      context,
      () => session.database(),
    )
    if (plan.items.some((item) => item.action === 'build')) await assertSiteWritable(context)
    outcome = await runPlan(plan, input, session, context)
    for (const [id, result] of outcome.results) {
      if (result.status !== 'unchanged' || !earlier.has(id)) earlier.set(id, result)
    }
    if (!outcome.stale || round === mostPlans) break
  }
  const partitions = [...earlier.values()]
  if (outcome.stale) {
    throw new FailedError('BUILD_OVERTAKEN', 'other processes keep changing what is built: run this again later')
  }
  throwFirst(outcome.failures, partitions, context)
  const built = partitions.filter((result) => result.status === 'built')
  return {
    partitions,
    built: built.length,
    unchanged: partitions.filter((result) => result.status === 'unchanged').length,
    rows: built.reduce((sum, result) => sum + result.rows, 0),
    ms: context.clock.monotonic() - started,
  }
}

interface Failure {
  readonly id: string
  readonly error: unknown
}

interface Outcome {
  readonly results: ReadonlyMap<string, PartitionResult>
  readonly failures: readonly Failure[]
  readonly stale: boolean
}

async function runPlan(plan: Plan, input: BuildInput, session: BuildSession, context: JobContext): Promise<Outcome> {
  const results = new Map<string, PartitionResult>()
  await keepUnchanged(plan, session, context, results)
  await handleOrphans(plan, input, context, results)
  const failures: Failure[] = []
  let stale = false
  const limited = limiter(context.workers.parallelism)
  const finished = new Map<string, Promise<boolean>>()
  for (const item of plan.items.filter((planned) => planned.action === 'build')) {
    const needs = item.needs.flatMap((id) => finished.get(id) ?? [])
    const work = async (): Promise<boolean> => {
      if ((await Promise.all(needs)).includes(false)) return false
      try {
        results.set(item.id, await limited(() => buildOne(plan, item, session, context)))
        return true
      } catch (error) {
        if (error instanceof StalePlan) stale = true
        else failures.push({ id: item.id, error })
        return false
      }
    }
    finished.set(item.id, work())
  }
  await Promise.all(finished.values())
  throwIfInterrupted(context.signal)
  const ordered = new Map(
    plan.items.flatMap((item): [string, PartitionResult][] => {
      const result = results.get(item.id)
      return result === undefined ? [] : [[item.id, result]]
    }),
  )
  return { results: ordered, failures, stale }
}

async function buildOne(
  plan: Plan,
  item: PlanItem,
  session: BuildSession,
  context: JobContext,
): Promise<PartitionResult> {
  throwIfInterrupted(context.signal)
  const total = expectedRows(plan, item)
  let stalePlan: StalePlan | undefined
  const result = await stage(
    context.emit,
    { id: `mart/${item.id}`, title: `build ${item.table} ${item.partition}` },
    async (progress) => {
      const onProgress = (fraction: number) => {
        if (total > 0) progress(Math.round(fraction * total), 'rows', total)
      }
      try {
        return await buildPartition(plan, item, session, context, onProgress)
      } catch (error) {
        if (!(error instanceof StalePlan)) throw error
        stalePlan = error
        return resultOf(item, 'unchanged', `planned anew: ${error.message} was built meanwhile`)
      }
    },
    describe,
  )
  if (stalePlan !== undefined) throw stalePlan
  return result
}

function describe(result: PartitionResult): StageEnd {
  if (result.status === 'unchanged') return { outcome: 'unchanged', summary: result.reason }
  // Over a handful of rows a rate says nothing.
  const speed = result.rows < 1000 ? '' : `, ${rate(result.rows, result.ms)}`
  return {
    outcome: 'done',
    summary: `built: ${result.reason}${speed}`,
    counts: { rows: result.rows, tests: result.tests.length },
  }
}

/** Collected rows that a partition is made from, 0 where it is made from another mart. */
function expectedRows(plan: Plan, item: PlanItem): number {
  const names = new Set(item.wanted.inputs.map((input) => input.name))
  const files = [...plan.collected.status, ...plan.collected.drive, ...plan.collected.purchases]
  return files.filter((file) => names.has(file.path)).reduce((sum, file) => sum + file.rows, 0)
}

/** Says what is up to date, one line per mart, and writes the catalogue entries that a killed build still owes. */
async function keepUnchanged(
  plan: Plan,
  session: BuildSession,
  context: JobContext,
  results: Map<string, PartitionResult>,
): Promise<void> {
  const unchanged = plan.items.filter((item) => item.action === 'unchanged')
  for (const table of new Set(unchanged.map((item) => item.table))) {
    const items = unchanged.filter((item) => item.table === table)
    await stage(
      context.emit,
      { id: `mart/${table}`, title: `check ${table}` },
      () =>
        mapLimited(context.workers.parallelism, items, async (item) => {
          const entry =
            (await readEntry(context, item.mart, item.partition)) ?? (await repairEntry(plan, item, session, context))
          results.set(item.id, resultOf(item, 'unchanged', item.reason, entry))
        }),
      () => ({
        outcome: 'unchanged',
        summary: items[0]?.reason ?? '',
        counts: { partitions: items.length },
      }),
    )
  }
}

async function handleOrphans(
  plan: Plan,
  input: BuildInput,
  context: JobContext,
  results: Map<string, PartitionResult>,
): Promise<void> {
  for (const item of plan.items.filter((planned) => planned.action === 'orphaned')) {
    if (input.prune === true) {
      await removePartition(item, context)
      results.set(item.id, resultOf(item, 'removed', item.reason))
      context.emit({ t: 'note', level: 'info', text: `${item.id} removed: ${item.reason}` })
      continue
    }
    const entry = await readEntry(context, item.mart, item.partition)
    results.set(item.id, resultOf(item, 'orphaned', item.reason, entry))
    context.emit({ t: 'note', level: 'warn', text: `${item.id} is kept: ${item.reason} (--prune removes it)` })
  }
}

function throwFirst(failures: readonly Failure[], partitions: readonly PartitionResult[], context: JobContext): void {
  const first = failures.find(({ error }) => !(error instanceof CheckError)) ?? failures[0]
  if (first === undefined) return
  if (!(first.error instanceof SmartcarError)) throw asSiteError(first.error, context)
  const others = failures.length === 1 ? '' : ` (and ${failures.length - 1} more failed)`
  const { code, message, hints, place, data } = first.error
  const details = {
    cause: first.error,
    hints,
    ...(place === undefined ? {} : { place }),
    data: {
      ...data,
      partitions,
      failures: failures.map(({ id, error }) => ({
        id,
        message: error instanceof Error ? error.message : String(error),
      })),
    },
  }
  if (first.error instanceof CheckError) throw new CheckError(code, message + others, details)
  throw new SmartcarError(first.error.exit, code, message + others, details)
}

/** What a person reads after `mart build`. */
export function buildSummary(result: BuildResult): string {
  const parts = [
    result.built === 0
      ? 'nothing to build'
      : `built ${plural(result.built, 'partition')}, ${plural(result.rows, 'row')} in ${duration(result.ms)}`,
    ...(result.unchanged === 0 ? [] : [`${number(result.unchanged)} unchanged`]),
    ...countOf(result, 'orphaned', 'kept without inputs'),
    ...countOf(result, 'removed', 'removed'),
  ]
  return `${parts.join(', ')}\n`
}

function countOf(result: BuildResult, status: PartitionResult['status'], text: string): string[] {
  const count = result.partitions.filter((partition) => partition.status === status).length
  return count === 0 ? [] : [`${number(count)} ${text}`]
}

/** What a person reads after `mart build --plan`. */
export function planText(plan: PlanResult): string {
  const columns = [{ title: 'mart' }, { title: 'partition' }, { title: 'action' }, { title: 'why' }]
  const rows = plan.partitions.map(({ table, partition, action, reason }) => [table, partition, action, reason])
  const build = plan.partitions.filter((partition) => partition.action === 'build').length
  return `${textTable(columns, rows)}${plural(build, 'partition')} to build\n`
}
