import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, rmdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openWarehouse } from '../../../../src/engines/duckdb/warehouse.js'
import { packageRoot } from '../../../../src/io/package-root.js'
import { buildMarts } from '../../../../src/jobs/mart/build.js'
import { bundled } from '../../../support/bundled.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { fillLake } from '../../../support/lake.js'
import { at, days, drive, smallSite } from './site.js'

let folder: string
let child: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(packageRoot(), 'node_modules', '.smartcar-test-'))
  child = await bundled('unit/jobs/mart/build-child.ts', folder, 'external')
})

afterAll(() => rm(folder, { recursive: true }))

const startBuild = (site: string): ChildProcess =>
  spawn(process.execPath, [child, site], { stdio: ['ignore', 'pipe', 'inherit'] })

/** Random, yet the same in every run (a linear congruential generator). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

async function leftovers(context: TestContext): Promise<readonly string[]> {
  const all = await readdir(context.layout.warehouse, { recursive: true })
  return all.filter((name) => path.basename(name).startsWith('.'))
}

const totals = z.object({ rows: z.number(), speed: z.number() })

async function driveTotals(context: TestContext) {
  await using warehouse = await openWarehouse(context)
  const sql = 'SELECT count(*) AS rows, sum(speed) AS speed FROM managed_smartcar_drive_info'
  return (await warehouse.rows(sql, totals))[0]
}

describe('a build that is killed', () => {
  it('leaves every partition old or new; the next build finishes the work', async () => {
    await using context = await testContext()
    await smallSite(context)
    await buildMarts({}, context)
    const random = randomNumbers(7)
    let rows = 60
    for (let round = 0; round < 5; round++) {
      await fillLake(
        context,
        'drive',
        days.map((day) => drive({ time: at(day, 2000 + round), car: 'A0001' })),
        `round-${round}.log`,
      )
      const build = startBuild(context.layout.root)
      const ended = once(build, 'exit')
      if (build.stdout !== null) await once(build.stdout, 'data')
      await delay(random() * 700)
      build.kill('SIGKILL')
      await ended
      const seen = await driveTotals(context)
      // Every row has the speed 50, so a torn partition would not add up.
      expect(seen?.speed).toBe((seen?.rows ?? 0) * 50)
      expect(seen?.rows).toBeGreaterThanOrEqual(60)
      rows += 2
    }
    await buildMarts({}, context)
    expect(await driveTotals(context)).toEqual({ rows, speed: rows * 50 })
    expect(await leftovers(context)).toEqual([])
    expect(await buildMarts({}, context)).toMatchObject({ built: 0, unchanged: 10 })
  })

  it('two processes at once build every partition once', async () => {
    await using context = await testContext()
    await smallSite(context)
    const run = async () => {
      const result = await execa(process.execPath, [child, context.layout.root])
      return z
        .object({ built: z.number(), unchanged: z.number() })
        .parse(JSON.parse(result.stdout.split('\n').at(-1) ?? ''))
    }
    const [first, second] = await Promise.all([run(), run()])
    expect(first.built + second.built).toBe(10)
    expect(first.built + first.unchanged).toBe(10)
  })
})

/** A file system of 6 MB, undefined where none can be mounted. */
async function smallDisk(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-small-'))
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { reject: false })
  if (mounted.exitCode === 0) return folder
  await rmdir(folder)
  return undefined
}

describe('a read-only site folder', async () => {
  const disk = await smallDisk()

  it.skipIf(disk === undefined)(
    'is named before anything is tried (skipped where nothing can be mounted)',
    async () => {
      const mountPoint = disk ?? ''
      try {
        await using context = await testContext(path.join(mountPoint, 'site'))
        await smallSite(context)
        await execa('mount', ['-o', 'remount,ro', mountPoint])
        const message = expect.stringContaining(`the site folder ${context.layout.root} cannot be written`)
        await expect(buildMarts({}, context)).rejects.toMatchObject({ code: 'SITE_NOT_WRITABLE', message })
        await using warehouse = await openWarehouse(context)
        expect(await warehouse.rows('SELECT count(*) AS rows, 0 AS speed FROM smartcar_drive_info_2', totals)).toEqual([
          { rows: 90, speed: 0 },
        ])
      } finally {
        await execa('umount', [mountPoint])
        await rmdir(mountPoint)
      }
    },
  )
})

describe('a full disk', async () => {
  const disk = await smallDisk()

  it.skipIf(disk === undefined)(
    'is named, the old partition stays (skipped where no small disk can be mounted)',
    async () => {
      const mountPoint = disk ?? ''
      try {
        await using context = await testContext(path.join(mountPoint, 'site'))
        await smallSite(context)
        await buildMarts({}, context)
        const before = await driveTotals(context)
        const rows = Array.from({ length: 20_000 }, (_, index) =>
          drive({ time: at(days[0], index * 4), car: 'A0001', speed: (index * 7919) % 251, pedal: (index * 31) % 6 }),
        )
        await fillLake(context, 'drive', rows, 'large.log')
        await context.files.writeAtomic(
          path.join(mountPoint, 'ballast'),
          Buffer.alloc((await context.files.freeBytes(mountPoint)) - 40_000),
        )
        await expect(buildMarts({}, context)).rejects.toMatchObject({ code: expect.stringMatching(/DISK_FULL|ENOSPC/) })
        expect(await driveTotals(context)).toEqual(before)
        expect(await leftovers(context)).toEqual([])
        await context.files.remove(path.join(mountPoint, 'ballast'))
        await buildMarts({}, context)
        expect((await driveTotals(context))?.rows).toBe((before?.rows ?? 0) + 20_000 - 15)
      } finally {
        await execa('umount', [mountPoint])
        await rmdir(mountPoint)
      }
    },
  )
})
