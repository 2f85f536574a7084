import { cp, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sharedDataFolder } from '../support/shared-data.js'
import { eventually, type StackWorld, stackWorld } from './clients.js'

interface Verified {
  readonly equal: boolean
  readonly comparisons: readonly { readonly mart: string; readonly leftRows: number; readonly rightRows: number }[]
}

/** Days of their own, so that the pilot's stay as they are. */
const days = { flume: '20200401', dataNode: '20200402', toolkit: '20200403' } as const
const cars = 5
const rows = cars * 21_600

const folderOf = (day: string) => `/pilot-pjt/collect/car-batch-log/wrk_date=${day}`

describe('kill -9 in the middle of the work, then carry on', () => {
  let on: StackWorld

  /** A day of status and drive rows in the lake. */
  const collectDay = async (day: string) => {
    const out = path.join(on.folder, day)
    for (const kind of ['status', 'drive'])
      await on.json(['simulate', kind, '--cars', String(cars), '--date', day, '--out', out])
    await on.json(['collect', out])
  }
  /** How many rows the sinks of Flume have delivered since it started; 0 while it does not answer. */
  const delivered = async (): Promise<number> => {
    const { code, stdout } = await on.run(['flume', 'status', '--json'])
    if (code !== 0) return 0
    type Component = { readonly kind: string; readonly name: string; readonly rows: number }
    const { agents } = (JSON.parse(stdout) as { result: { agents: { components: Component[] }[] } }).result
    return (
      agents.flatMap(({ components }) => components).find(({ name }) => name === 'SmartCarInfo_HdfsSink')?.rows ?? 0
    )
  }
  /** Every row of a day that is in HDFS, sorted. */
  const rowsOf = async (day: string) => {
    const { code, stdout, stderr } = await on.run(['hdfs', 'cat', `${folderOf(day)}/*`])
    if (code !== 0) throw new Error(stderr)
    return stdout.trim().split('\n').sort()
  }
  /** Rows of the lake, which nobody disturbed. */
  const wanted = async (day: string) => {
    const sql = `SELECT count(*) AS n, count(DISTINCT reg_date || car_number) AS k FROM smartcar_status_info WHERE wrk_date = '${day}'`
    const { stdout } = await on.run(['query', sql, '--engine', 'duckdb', '--format', 'csv'])
    return stdout.trim().split('\n').at(-1)
  }
  const expectEveryRowOnce = async (day: string) => {
    const found = await rowsOf(day)
    expect([found.length, new Set(found).size]).toEqual([rows, rows])
    expect(await wanted(day)).toBe(`${rows},${rows}`)
    const names = (await on.json<{ entries: { name: string }[] }>(['hdfs', 'ls', folderOf(day)])).entries
    expect(names.filter(({ name }) => name.endsWith('.tmp') || name.startsWith('.'))).toEqual([])
    expect(await on.json(['load'])).toMatchObject({ changed: false })
  }
  const expectSameMarts = async (day: string) => {
    const verified = await on.json<Verified>(['mart', 'verify', '--right', 'hive', '--day', day, '--no-queries'])
    expect(verified.equal).toBe(true)
    const status = verified.comparisons.find(({ mart }) => mart === 'managed_smartcar_status_info')
    expect(status?.rightRows).toBeGreaterThan(0)
  }

  beforeAll(async () => {
    on = await stackWorld()
    await mkdir(path.join(on.folder, 'in'))
    await cp(path.join(sharedDataFolder, 'CarMaster.txt'), path.join(on.folder, 'in', 'CarMaster.txt'))
    await on.json(['collect', 'in'])
    await on.untilHealthy()
  })
  afterAll(() => on[Symbol.asyncDispose]())

  test('Flume, while it writes to HDFS: every row once', async () => {
    await collectDay(days.flume)
    const [before, pid] = [await delivered(), await on.pidOf('flume')]
    const load = on.begin(['load'])
    await eventually('Flume has delivered some rows', async () => (await delivered()) > before)
    process.kill(pid, 'SIGKILL')
    expect(await load.ended).toMatchObject({ code: 0 })
    expect(await on.pidOf('flume')).not.toBe(pid)
    await expectEveryRowOnce(days.flume)
  })

  test('the DataNode, while Flume writes to it: every row once', async () => {
    await collectDay(days.dataNode)
    const [before, pid] = [await delivered(), await on.pidOf('datanode')]
    const load = on.begin(['load'])
    await eventually('Flume has delivered some rows', async () => (await delivered()) > before)
    process.kill(pid, 'SIGKILL')
    expect(await load.ended).toMatchObject({ code: 0 })
    await on.untilHealthy()
    await expectEveryRowOnce(days.dataNode)
  })

  test('smartcar load, while Flume works and while it writes a file itself: the next one finishes', async () => {
    await collectDay(days.toolkit)
    const first = on.begin(['load'])
    await first.until(({ t, id, done }) => t === 'stage.progress' && id === 'load:status' && Number(done) >= 0)
    first.kill()
    expect((await first.ended).code).toBeUndefined()
    const second = on.begin(['load'])
    await second.until(({ t, id }) => t === 'stage.start' && id === 'load:drive')
    second.kill()
    expect((await second.ended).code).toBeUndefined()
    await on.json(['load'])
    await expectEveryRowOnce(days.toolkit)
  })

  test('HiveServer2 and smartcar mart build, while a partition is built: the next build finishes', async () => {
    const build = ['mart', 'build', '--engine', 'hive', '--from', days.flume, '--to', days.toolkit]
    const isBuilding = ({ t, id }: Readonly<Record<string, unknown>>) =>
      t === 'stage.progress' && String(id).startsWith('hive:managed_smartcar_')
    const first = on.begin(build)
    await first.until(isBuilding)
    process.kill(await on.pidOf('hiveserver2'), 'SIGKILL')
    const { code, output } = await first.ended
    // It says so and ends, or connects again and goes on, by where the statement was.
    expect([0, 4], output).toContain(code)
    await on.untilHealthy()
    const second = on.begin(build)
    await second.until(isBuilding)
    second.kill()
    expect((await second.ended).code).toBeUndefined()
    await on.json(build)
    for (const day of Object.values(days)) await expectSameMarts(day)
    expect(await on.json(build)).toMatchObject({ built: 0 })
  })

  test('smartcar export, while rows go into PostgreSQL: the next one brings them all, once', async () => {
    const mart = 'managed_smartcar_status_info'
    await on.json(['mart', 'build', mart, '--engine', 'duckdb'])
    const args = ['export', mart, '--from', days.flume, '--until', days.toolkit]
    const first = on.begin(args)
    await first.until(({ t, id }) => t === 'stage.start' && String(id).startsWith('export/'))
    first.kill()
    expect((await first.ended).code).toBeUndefined()
    interface Exported {
      readonly target: string
      readonly partitions: readonly { readonly rows: number; readonly status: string }[]
    }
    const exported = await on.json<Exported>(args)
    expect(exported.target).toContain('/smartcar')
    const built = await on.run([
      'query',
      '--engine',
      'duckdb',
      `SELECT biz_date, count(*) FROM ${mart} WHERE biz_date BETWEEN '${days.flume}' AND '${days.toolkit}' GROUP BY 1 ORDER BY 1`,
      '--format',
      'csv',
    ])
    const counts = built.stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[1]))
    expect(exported.partitions.map((partition) => partition.rows)).toEqual(counts)
    const again = await on.json<Exported>(args)
    expect(again.partitions.map(({ status }) => status)).toEqual(counts.map(() => 'unchanged'))
  })
})
