import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { serviceRoles } from '../../src/core/cluster/catalog.js'
import { packageRoot } from '../../src/io/package-root.js'
import { type Stack, startStack, stopStack } from '../../test/stack/support.js'
import { runCli } from '../../test/support/run-cli.js'
import type { BenchRow } from '../support.js'

const day = '20200322'
const cars = 50
const rowsPerCar = { status: 21_600, drive: 43_200 }
const rounds = 5
/** Longest that `smartcar cluster status` may take (issue 5). */
const statusLimit = 2

const stepsShape = z.object({ steps: z.array(z.object({ title: z.string(), state: z.string(), ms: z.number() })) })
const statusShape = z.object({ roles: z.array(z.object({ role: z.string(), memory: z.number().optional() })) })
const builtShape = z.object({
  built: z.number(),
  partitions: z.array(z.object({ rows: z.number() })),
})

interface Run<T> {
  readonly result: T
  readonly seconds: number
}

/** A command as a user runs it, the start of Node included. Throws what it printed when it fails. */
async function timed<T>(stack: Stack, args: readonly string[], shape: z.ZodType<T>): Promise<Run<T>> {
  const began = performance.now()
  const { code, stdout, stderr } = await runCli([...args, '--json', '--site', stack.site], {
    cwd: stack.folder,
    timeoutMs: 1_800_000,
  })
  const seconds = (performance.now() - began) / 1000
  if (code !== 0) throw new Error(`smartcar ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`.slice(-4000))
  return { result: shape.parse((JSON.parse(stdout) as { result: unknown }).result), seconds }
}

const row = (name: string, rows: number, seconds: number, note: string): BenchRow => ({
  name,
  rows,
  seconds,
  rowsPerSecond: rows / seconds,
  note,
})

const against = (one: BenchRow, baseline: BenchRow): BenchRow => ({
  ...one,
  ratio: one.rowsPerSecond / baseline.rowsPerSecond,
  against: baseline.name,
})

/** Start of every role until it answers, with its resident memory, and what asking all of them takes. */
async function lifeCycle(stack: Stack): Promise<BenchRow[]> {
  await timed(stack, ['cluster', 'stop'], z.unknown())
  const started = await timed(stack, ['cluster', 'start'], stepsShape)
  const asked: number[] = []
  let roles: z.infer<typeof statusShape>['roles'] = []
  for (let round = 0; round < rounds; round++) {
    const { result, seconds } = await timed(stack, ['cluster', 'status'], statusShape)
    asked.push(seconds)
    roles = result.roles
  }
  asked.sort((a, b) => a - b)
  const starts = roles.flatMap(({ role, memory = 0 }) => {
    const step = started.result.steps.find(({ title }) => title === `start ${role}`)
    return step === undefined
      ? []
      : [row(`start of ${role}`, 1, step.ms / 1000, `${Math.round(memory / 1024 ** 2)} MiB resident`)]
  })
  const memory = roles.reduce((sum, one) => sum + (one.memory ?? 0), 0)
  const slowest = (asked.at(-1) ?? 0).toFixed(2)
  return [
    ...starts,
    row('start of all services', roles.length, started.seconds, `${(memory / 1024 ** 3).toFixed(1)} GiB resident`),
    row(
      `cluster status of ${roles.length} roles`,
      1,
      asked[Math.floor(rounds / 2)] ?? 0,
      `median of ${rounds}, slowest ${slowest} s (at most ${statusLimit})`,
    ),
  ]
}

/** One day's status log through Flume's spooling directory, and the same file by `hdfs put`. */
async function intoHdfs(stack: Stack, statusLog: string): Promise<BenchRow[]> {
  const rows = cars * rowsPerCar.status
  const put = await timed(stack, ['hdfs', 'put', statusLog, '/bench/status.log'], z.unknown())
  const load = await timed(stack, ['load'], z.object({ changed: z.literal(true) }))
  const baseline = row('hdfs put of the status log', rows, put.seconds, 'wall time')
  return [
    baseline,
    against(
      row(
        'load: the same log through Flume',
        rows,
        load.seconds,
        'wall time, the other logs and idle_timeout included',
      ),
      baseline,
    ),
  ]
}

/** The same partitions on each engine, with data tests where the engine runs them. */
async function marts(stack: Stack): Promise<BenchRow[]> {
  const input = cars * (rowsPerCar.status + rowsPerCar.drive)
  const built: BenchRow[] = []
  for (const engine of ['duckdb', 'hive', 'spark']) {
    const { result, seconds } = await timed(stack, ['mart', 'build', '--engine', engine], builtShape)
    const rows = result.partitions.reduce((sum, partition) => sum + partition.rows, 0)
    built.push(row(`mart build on ${engine}`, input, seconds, `wall time, ${result.built} partitions, ${rows} rows`))
  }
  const [baseline, ...others] = built
  return baseline === undefined ? [] : [baseline, ...others.map((one) => against(one, baseline))]
}

/** The real services of profile `apache` on this machine, installed for it alone; minutes, about 6 GiB. */
export async function bench(): Promise<BenchRow[]> {
  if (!existsSync(path.join(packageRoot(), 'dist')))
    throw new Error('npm run build first: the installed program is timed')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'services-bench-'))
  const stack = await startStack(path.join(folder, 'stack'), serviceRoles)
  try {
    const life = await lifeCycle(stack)
    const landing = path.join(folder, 'landing')
    for (const kind of ['status', 'drive'])
      await timed(
        stack,
        ['simulate', kind, '--cars', String(cars), '--date', day, '--seed', '1', '--out', landing],
        z.unknown(),
      )
    await timed(stack, ['simulate', 'master', '--seed', '1', '--out', landing], z.unknown())
    await timed(stack, ['collect', landing], z.unknown())
    const statusLog = (await readdir(landing)).find((name) => name.startsWith('SmartCarStatusInfo')) ?? ''
    const loaded = await intoHdfs(stack, path.join(landing, statusLog))
    return [...life, ...loaded, ...(await marts(stack))]
  } finally {
    await stopStack(stack)
    await rm(folder, { recursive: true, force: true })
  }
}
