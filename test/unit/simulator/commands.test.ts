import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import SimulateDrive from '../../../commands/simulate/drive.js'
import SimulateIncidents from '../../../commands/simulate/incidents.js'
import SimulateMaster from '../../../commands/simulate/master.js'
import SimulatePurchases from '../../../commands/simulate/purchases.js'
import SimulateReplay from '../../../commands/simulate/replay.js'
import SimulateStatus from '../../../commands/simulate/status.js'
import { packageRoot } from '../../../src/io/package-root.js'
import { testContext } from '../../support/context.js'

interface CommandClass {
  run(argv: string[], root: string): Promise<unknown>
}

/** Runs a command in this process; what it writes to stdout and its exit code. */
async function run(
  command: CommandClass,
  ...argv: string[]
): Promise<{ stdout: string; stderr: string; code: unknown }> {
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name].push(Buffer.from(chunk as Uint8Array))
      return true
    })
  process.exitCode = undefined
  try {
    await command.run(argv, packageRoot())
    const text = (name: 'stdout' | 'stderr') => Buffer.concat(written[name]).toString()
    return { stdout: text('stdout'), stderr: text('stderr'), code: process.exitCode }
  } finally {
    vi.restoreAllMocks()
    process.exitCode = undefined
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

it('hands the flags of status on, and shows files and truth', async () => {
  await using context = await testContext()
  const { root } = context.layout
  const truth = path.join(root, 'truth.json')
  const flags = ['--site', root, '--cars', '2', '--date', '2020-02-29', '--days', '2', '--seed', '9', '--gzip']
  const faulty = ['--faults', 'malformed=0.01', '--truth', truth, '--out', path.join(root, 'out'), '--jobs', '1']
  const shown = await run(SimulateStatus, ...flags, ...faulty)
  expect(shown.stdout).toMatch(/SmartCarStatusInfo_20200229\.txt\.gz +4\d,\d{3} /)
  expect(shown.stdout).toMatch(/faults: [1-9]\d* malformed/)
  expect(shown.stdout).toContain(`truth: ${truth}\n`)
  expect(await readdir(path.join(root, 'out'))).toEqual([
    'SmartCarStatusInfo_20200229.txt.gz',
    'SmartCarStatusInfo_20200301.txt.gz',
  ])
  expect(JSON.parse(await readFile(truth, 'utf8'))).toMatchObject({ seed: 9, days: ['20200229', '20200301'] })
  const again = await run(SimulateStatus, ...flags, ...faulty, '--json')
  expect(JSON.parse(again.stdout)).toMatchObject({ schemaVersion: 1, result: { status: 'unchanged' } })
})

it('writes rows and nothing else to stdout', async () => {
  await using context = await testContext()
  const { stdout, code } = await run(
    SimulateDrive,
    '--site',
    context.layout.root,
    '--cars',
    '1',
    '--out',
    '-',
    '--quiet',
  )
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(43_201)
  expect(lines.filter((line) => !/^(2020|Driver)/.test(line))).toEqual([])
  expect(code).toBeUndefined()
  const both = await run(SimulateDrive, '--site', context.layout.root, '--out', '-', '--json')
  expect(JSON.parse(both.stdout)).toMatchObject({ error: { code: 'OUT_TAKEN', exitCode: 2 } })
})

it('lets the drive log grow, to stdout too', async () => {
  await using context = await testContext()
  const flags = ['--site', context.layout.root, '--cars', '2', '--rate', 'max', '--until', '0100']
  const shown = await run(SimulateDrive, ...flags, '--rotate', '100kB')
  expect(shown.stdout).toContain('SmartCarDriverInfo.log: 3,600 rows, 20200322000000 to 20200322005958\n')
  expect(shown.stdout).toContain(`rotated: ${path.join(context.layout.landing, 'SmartCarDriverInfo.log.')}`)
  expect((await run(SimulateDrive, ...flags)).stdout).toMatch(/^unchanged: /)
  const stream = await run(SimulateDrive, ...flags, '--out', '-')
  expect(stream.stdout.trimEnd().split('\n')).toHaveLength(3602)
})

it('makes the lists', async () => {
  await using context = await testContext()
  const site = ['--site', context.layout.root, '--quiet']
  expect((await run(SimulateMaster, ...site, '--locale', 'en')).stdout).toMatch(/CarMaster\.txt +2,600 /)
  const { stdout } = await run(SimulatePurchases, ...site, '--month', '2020-03', '--month', '202004', '--rows', '7')
  expect(stdout).toMatch(/_202003\.txt +7 .*\n.*_202004\.txt +7 /)
  const incidents = await run(SimulateIncidents, ...site, '--rows', '2', '--header', 'names', '--out', '-')
  expect(incidents.stdout).toMatch(/^wea,temp,.*,acciPos\n([0-2](,[0-2]){10}\n){2}$/)
})

it('replays a recording', async () => {
  await using context = await testContext()
  const file = path.join(context.layout.root, 'trip.csv')
  await writeFile(file, 'when;v\n2021-05-01T10:00:00;10\n2021-05-01T10:00:02;never\n2021-05-01T10:00:04;20\n')
  const flags = [file, '--site', context.layout.root, '--map', 'date=when,speed=v', '--speed-unit', 'ms', '--cars', '2']
  const { stdout } = await run(SimulateReplay, ...flags, '--shift', '4', '--date', '20200322')
  expect(stdout).toContain('recording: 3 lines, 2 moments of 2 seconds driven\nlines left out: 1 speed\n')
  const log = await readFile(path.join(context.layout.landing, 'SmartCarDriverInfo_20200322.log'), 'utf8')
  expect(log).toMatch(/\n20200322100008,B0001,5,0,F,N,72,/)
})

it.each([
  [SimulateStatus, ['--faults', 'lat=0.1'], 'unknown fault "lat" (did you mean "late"?)', 2],
  [SimulateStatus, ['--date', '20200230'], '"20200230" is not a day', 2],
  [SimulateStatus, ['--cars', '0'], '--cars', 2],
  [SimulateDrive, ['--rate', 'fast'], '"fast" is no rate', 2],
  [SimulateDrive, ['--rotate', '64MB'], '--rate', 2],
  [SimulateReplay, ['nothing.csv'], 'there is no file nothing.csv', 2],
] as const)('refuses %o %o', async (command, argv, message, exitCode) => {
  await using context = await testContext()
  const { stderr, code } = await run(command, ...argv, '--site', context.layout.root)
  expect(stderr).toContain(message)
  expect(code).toBe(exitCode)
  expect(await readdir(context.layout.root)).toEqual([])
})
