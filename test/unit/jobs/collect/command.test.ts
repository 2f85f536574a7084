import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import Collect from '../../../../commands/collect.js'
import { packageRoot } from '../../../../src/io/package-root.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { driveRow, goodRows } from './rows.js'

interface Shown {
  readonly stdout: string
  readonly stderr: string
  readonly code: unknown
}

/** Runs the command in this process; what it writes and its exit code. */
async function run(context: TestContext, ...argv: string[]): Promise<Shown> {
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += Buffer.from(chunk as Uint8Array).toString()
      return true
    })
  process.exitCode = undefined
  try {
    await Collect.run([...argv, '--site', context.layout.root], packageRoot())
    return { ...written, code: process.exitCode ?? 0 }
  } finally {
    vi.restoreAllMocks()
    process.exitCode = undefined
  }
}

async function inputs(context: TestContext, content: Record<string, string>): Promise<string> {
  const folder = path.join(context.layout.root, 'input')
  await mkdir(folder)
  for (const [name, text] of Object.entries(content)) await writeFile(path.join(folder, name), text)
  return folder
}

const drive = `${driveRow('20200322', 0, 'A0001')}\n`

afterEach(() => {
  vi.restoreAllMocks()
})

test('a table by file, the rejects, the totals; the second time unchanged', async () => {
  await using context = await testContext()
  const folder = await inputs(context, { 'a.log': `Driver Status\n${drive}1,2\n`, 'b.txt': goodRows.master.join('\n') })
  const shown = await run(context, folder)
  expect(shown.code).toBe(0)
  const lines = shown.stdout.split('\n')
  expect(lines[0]).toMatch(/^file +kind +day +read +kept +headers +rejected +duplicates +status$/)
  expect(lines[2]).toMatch(/a\.log +drive +20200322 +3 +1 +1 +1 +0 +collected$/)
  expect(lines[3]).toMatch(/b\.txt +master +3 +3 +0 +0 +0 +collected$/)
  expect(shown.stdout).toMatch(/rejects of .*a\.log: rejects\/drive\/a\.log\.[0-9a-f]{8}\.csv \(1 columns\)\n/)
  expect(shown.stdout.endsWith('collected 2 files: 4 of 6 rows kept\n')).toBe(true)
  const again = await run(context, folder)
  expect(again.stdout).toContain('unchanged (as a.log)')
  expect(again.stdout.endsWith('2 files unchanged\n')).toBe(true)
})

test('--json: the result; on failure the error with the result in it, exit 1', async () => {
  await using context = await testContext()
  const folder = await inputs(context, { 'a.log': drive, 'b.txt': 'hello' })
  const good = await run(context, path.join(folder, 'a.log'), '--json')
  expect(JSON.parse(good.stdout)).toMatchObject({
    schemaVersion: 1,
    result: { totals: { collected: 1, kept: 1 }, files: [{ kind: 'drive', rows: { read: 1 } }] },
  })
  const bad = await run(context, folder, '--json')
  expect(bad.code).toBe(1)
  expect(JSON.parse(bad.stdout)).toMatchObject({
    error: { code: 'COLLECT_INCOMPLETE', exitCode: 1, data: { result: { totals: { unchanged: 1, failed: 1 } } } },
  })
})

test('a failed file: the others are shown, the error names it and the cure', async () => {
  await using context = await testContext()
  const folder = await inputs(context, { 'a.log': drive, 'b.txt': 'hello' })
  const shown = await run(context, folder, '--quiet')
  expect(shown.code).toBe(1)
  expect(shown.stdout).toContain('collected 1 file: 1 of 1 row kept, 1 file failed')
  expect(shown.stderr).toContain('error: 1 of 2 files could not be collected:\n')
  expect(shown.stderr).toContain(`b.txt is of no known kind: line 1 has 1 column: "hello"`)
  expect(shown.stderr).toContain('try: collect takes status (13 columns, ",")')
})

test.each([
  [[], 'nothing to collect'],
  [['x', '--follow', 'y'], 'exclude each other'],
  [['x', '--once'], '--once belongs to --watch or --follow'],
  [['--follow', 'y', '--kind', 'master'], 'a master file cannot be followed'],
  [['--follow', 'y', '--flush', 'soon'], '"soon" is no duration'],
  [['--watch', 'y', '--done', 'z', '--delete'], '--done'],
  [['x', '--settle', '2s'], '--watch'],
  [['x', '--kind', 'lorry'], 'lorry'],
])('%j is a usage error', async (argv, words) => {
  await using context = await testContext()
  const shown = await run(context, ...argv)
  expect(shown.code).toBe(2)
  expect(shown.stderr).toContain(words)
})

test('--watch --once moves to done/, or where it is told, or deletes', async () => {
  await using context = await testContext()
  const folder = await inputs(context, { 'a.log': drive })
  const watch = ['--watch', folder, '--once', '--settle', '10ms']
  expect((await run(context, ...watch)).stdout).toContain('collected 1 file')
  expect(await readdir(path.join(folder, 'done'))).toEqual(['a.log'])
  await writeFile(path.join(folder, 'b.log'), `${drive}${drive}`)
  const elsewhere = path.join(context.layout.root, 'elsewhere')
  await run(context, ...watch, '--done', elsewhere)
  expect(await readdir(elsewhere)).toEqual(['b.log'])
  await writeFile(path.join(folder, 'c.log'), drive)
  expect((await run(context, ...watch, '--delete')).stdout).toContain('1 file unchanged')
  expect(await readdir(folder)).toEqual(['done'])
})

test('--follow --once files what is there', async () => {
  await using context = await testContext()
  const file = path.join(await inputs(context, { 'a.log': drive }), 'a.log')
  expect((await run(context, '--follow', file, '--once')).stdout).toContain('1 of 1 row kept')
  await appendFile(file, `${driveRow('20200322', 2, 'A0001')}\n`)
  expect((await run(context, '--follow', file, '--once')).stdout).toContain('1 of 1 row kept')
  expect((await run(context, '--follow', file, '--once')).stdout).toBe('nothing to collect\n')
})

// The last one: the signal stays given in this process.
test('Ctrl-C ends --follow after what is there, without an error', async () => {
  await using context = await testContext()
  const file = path.join(await inputs(context, { 'a.log': drive }), 'a.log')
  const following = run(context, '--follow', file, '--flush', '1h')
  // Its lock: from then on it follows.
  const written = () => readdir(context.layout.state, { recursive: true }).catch(() => [])
  await vi.waitUntil(async () => (await written()).length > 0, { timeout: 30_000 })
  process.emit('SIGINT')
  const shown = await following
  expect(shown.code).toBe(0)
  expect(shown.stdout).toContain('collected 1 file: 1 of 1 row kept')
})
