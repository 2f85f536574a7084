/** `mart test`: the data tests on what is built. */
import { CheckError, FailedError, SmartcarError, throwIfInterrupted } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { duckdbError } from '../../engines/duckdb/errors.js'
import { number, plural } from '../../render/format.js'
import { table as textTable } from '../../render/table.js'
import { type DataTestResult, runDataTests } from './data-tests.js'
import { partitionName } from './fingerprint.js'
import { mapLimited } from './limit.js'
import { type BuildSelection, type PlanItem, planBuild } from './plan.js'
import { type BuildSession, buildSession, type Inputs } from './session.js'

export interface TestedPartitionResult {
  readonly table: string
  readonly partition: string
  /** False: what is collected has changed since the build, so tests against the source may fail. */
  readonly current: boolean
  readonly tests: readonly DataTestResult[]
}

export interface TestResult {
  readonly partitions: readonly TestedPartitionResult[]
  readonly tests: number
  readonly failed: number
}

/**
 * Runs the data tests of built partitions. Throws CheckError, with the whole result in its data, when a test fails;
 * FailedError when nothing is built; UsageError for an unknown mart.
 */
export async function testMarts(selection: BuildSelection, context: JobContext): Promise<TestResult> {
  await using session = buildSession(context)
  const plan = await planBuild(selection, context, () => session.database())
  const wanted = new Set(selection.marts ?? [])
  const items = plan.items.filter(
    (item) => item.exists && item.action !== 'orphaned' && (wanted.size === 0 || wanted.has(item.table)),
  )
  if (items.length === 0) {
    throw new FailedError('NOTHING_BUILT', 'no partition is built that could be tested', {
      hints: ['smartcar mart build'],
    })
  }
  const partitions = await mapLimited(context.workers.parallelism, items, (item) =>
    testPartition(plan, item, session, context),
  )
  const all = partitions.flatMap((partition) => partition.tests)
  const failed = all.filter((test) => test.failures > 0).length
  const result: TestResult = { partitions, tests: all.length, failed }
  if (failed === 0) return result
  throw new CheckError('DATA_TEST_FAILED', `${plural(failed, 'data test')} failed\n${failureText(result).trimEnd()}`, {
    hints: partitions.every((partition) => partition.current)
      ? ['smartcar mart build --full builds the partitions anew']
      : ['what is collected has changed since: smartcar mart build'],
    data: { ...result },
  })
}

async function testPartition(
  inputs: Inputs,
  item: PlanItem,
  session: BuildSession,
  context: JobContext,
): Promise<TestedPartitionResult> {
  throwIfInterrupted(context.signal)
  const { mart, partition: value } = item
  const tests = await stage(
    context.emit,
    { id: `mart-test/${item.id}`, title: `test ${item.table} ${value}` },
    async () => {
      try {
        const connection = await session.connect(inputs, mart, value, { withItself: true })
        try {
          return await runDataTests(connection, { mart, value, tested: mart.name, distinctSource: false })
        } finally {
          connection.closeSync()
        }
      } catch (error) {
        throw error instanceof SmartcarError ? error : duckdbError(context, partitionName(mart, value), error)
      }
    },
    (results) => {
      const failed = results.filter((result) => result.failures > 0).length
      const summary =
        failed === 0 ? `${plural(results.length, 'test')} passed` : `${failed} of ${results.length} failed`
      return { outcome: 'done', summary, counts: { tests: results.length, failed } }
    },
  )
  return { table: mart.name, partition: value, current: item.action === 'unchanged', tests }
}

function failureText(result: TestResult): string {
  const rows = result.partitions.flatMap((partition) =>
    partition.tests
      .filter((test) => test.failures > 0)
      .map((test) => [
        partition.table,
        partition.partition,
        test.test,
        number(test.failures),
        test.sample.map((row) => JSON.stringify(row)).join(' '),
      ]),
  )
  return textTable(
    [
      { title: 'mart' },
      { title: 'partition' },
      { title: 'test' },
      { title: 'failed', align: 'right' },
      { title: 'rows, for example' },
    ],
    rows,
  )
}

/** What a person reads after `mart test`. */
export function testSummary(result: TestResult): string {
  return `${plural(result.tests, 'test')} of ${plural(result.partitions.length, 'partition')} passed\n`
}
