import path from 'node:path'
import { simulateDrive, simulateStatus } from '../../src/simulator/logs.js'
import type { LogOptions } from '../../src/simulator/options.js'
import { type TestContext, testContext } from '../../test/support/context.js'
import type { BenchRow } from '../support.js'
import { writeStatusPlainly } from './baseline.js'

const day = '20200322'
const nowhere = { write: async () => undefined }

interface Measured {
  readonly rows: number
  /** Processor seconds of the whole process, threads included. */
  readonly seconds: number
  readonly wallSeconds: number
  /** Bytes that the process has more in memory than before. */
  readonly memory: number
}

async function measure(work: () => Promise<{ readonly rows: number } | number>): Promise<Measured> {
  const memory = process.memoryUsage().rss
  const [started, used] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(used)
  return {
    rows: typeof result === 'number' ? result : result.rows,
    seconds: (user + system) / 1e6,
    wallSeconds: (performance.now() - started) / 1000,
    memory: Math.max(0, process.memoryUsage().rss - memory),
  }
}

/** The better of two runs: the first one also compiles. */
async function best(work: () => Promise<{ readonly rows: number } | number>): Promise<Measured> {
  const [first, second] = [await measure(work), await measure(work)]
  return second.seconds < first.seconds ? { ...second, memory: Math.max(first.memory, second.memory) } : first
}

const rate = ({ rows, seconds }: Measured) => rows / seconds

function row(name: string, measured: Measured, more: Partial<BenchRow> = {}): BenchRow {
  const { rows, seconds } = measured
  return { name, rows, seconds, rowsPerSecond: rate(measured), ...more }
}

function note({ wallSeconds, memory }: Measured): string {
  return `wall ${wallSeconds.toFixed(2)} s, ${Math.round(memory / 1e6)} MB more memory`
}

/** A fleet to a stream that throws bytes away: what a row costs, whatever the disk does. */
function toNowhere(simulate: typeof simulateStatus, options: LogOptions, context: TestContext) {
  return () => simulate({ ...options, jobs: 1, out: nowhere }, context)
}

const days = (count: number) =>
  Array.from({ length: count }, (_, index) => `202003${String(index + 1).padStart(2, '0')}`)

/**
 * One day of 100 cars against the plain generator, in processor time; then what a row costs from 1 car to the most cars
 * (1,000; 10,000 with SMARTCAR_BENCH=full, 216 and 432 million rows).
 */
export async function bench(): Promise<BenchRow[]> {
  await using context = await testContext()
  const many = process.env.SMARTCAR_BENCH === 'full' ? 10_000 : 1000
  const file = path.join(context.layout.root, 'plain.txt')
  const plain = await measure(() => writeStatusPlainly(file, 100, day))
  await context.files.remove(file)

  let run = 0
  const fresh = () => path.join(context.layout.root, `run-${run++}`)
  const status = await best(() => simulateStatus({ cars: 100, jobs: 1, out: fresh() }, context))
  const told = await best(() => simulateStatus({ cars: 100, jobs: 1, out: fresh(), truth: `${fresh()}.json` }, context))
  const threads = await measure(() => simulateStatus({ cars: 100, jobs: 2, out: fresh() }, context))
  const against = 'plain generator'
  const rows = [
    row('status, 100 cars: plain generator', plain, { note: note(plain) }),
    row('status, 100 cars', status, { ratio: rate(status) / rate(plain), against, note: note(status) }),
    row('status, 100 cars, with truth file', told, { ratio: rate(told) / rate(plain), against, note: note(told) }),
    row('status, 100 cars, 2 threads', threads, {
      ...{ ratio: rate(threads) / rate(plain), against },
      note: `${note(threads)}; from the sources each thread compiles TypeScript first`,
    }),
  ]
  for (const [kind, simulate] of [
    ['status', simulateStatus],
    ['drive', simulateDrive],
  ] as const) {
    const hundred = await best(toNowhere(simulate, { cars: 100 }, context))
    const single = await best(toNowhere(simulate, { cars: 1, days: days(20) }, context))
    const most = await measure(toNowhere(simulate, { cars: many }, context))
    const compared = { against: `${kind}, 100 cars to nowhere` }
    rows.push(
      row(`${kind}, 100 cars to nowhere`, hundred, { note: note(hundred) }),
      row(`${kind}, 1 car, 20 days`, single, { ...compared, ratio: rate(single) / rate(hundred), note: note(single) }),
      row(`${kind}, ${many} cars`, most, { ...compared, ratio: rate(most) / rate(hundred), note: note(most) }),
    )
  }
  return rows
}
