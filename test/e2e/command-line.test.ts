import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packageRoot } from '../../src/io/package-root.js'
import { startCli } from '../support/cli-process.js'
import { runCli } from '../support/run-cli.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-cli-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('says what was meant when a command does not exist', async () => {
  const run = await runCli(['site', 'shw'], { cwd: folder })
  expect(run).toMatchObject({ code: 2, stdout: '' })
  expect(run.stderr).toContain('there is no command "site shw"')
  expect(run.stderr).toContain('smartcar site show')
})

it.each([
  [['colect', 'landing'], 'there is no command "colect landing"', 'smartcar collect'],
  [['mart', 'biuld', 'x'], 'there is no command "mart biuld x"', 'smartcar mart build'],
  [['mart', 'nonsense'], 'there is no command "mart nonsense"', 'smartcar help mart lists its commands'],
  [['help', 'colect'], 'there is no command "colect"', 'smartcar collect'],
  [['simulate', 'status', '--car', '5'], 'Nonexistent flag: --car', 'did you mean --cars?'],
  [['simulate', 'status', '--zzzzzzzz'], 'Nonexistent flag: --zzzzzzzz', 'add --help'],
])('says what was meant by %j', async (args, message, hint) => {
  const run = await runCli(args, { cwd: folder })
  expect(run).toMatchObject({ code: 2, stdout: '', stderr: `error: ${message}\n  try: ${hint}\n` })
})

it('takes - for stdout where a command writes to it, and refuses it where files are written', async () => {
  const query = await runCli(['query', 'select 1 as a', '--format', 'csv', '-o', '-'], { cwd: folder })
  expect(query).toMatchObject({ code: 0, stdout: 'a\n1\n' })
  for (const args of [['report'], ['mart', 'docs'], ['export', 'managed_smartcar_symptom_info', '--to', 'csv']]) {
    const run = await runCli([...args, '-o', '-'], { cwd: folder })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('error: --output: this writes a file, not to stdout\n')
  }
})

it('prints exactly one JSON value, on failure too', async () => {
  const good = await runCli(['site', 'show', '--json'], { cwd: folder })
  expect(good.code).toBe(0)
  expect(JSON.parse(good.stdout)).toMatchObject({ schemaVersion: 1, command: 'site:show', result: { file: null } })
  const bad = await runCli(['site', 'show', '--nope', '--json'], { cwd: folder })
  expect(bad.code).toBe(2)
  expect(JSON.parse(bad.stdout)).toMatchObject({ schemaVersion: 1, error: { code: 'USAGE', exitCode: 2 } })
  const unknown = await runCli(['nonsense', '--json'], { cwd: folder })
  expect(unknown.code).toBe(2)
  expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: 'COMMAND_UNKNOWN' } })
})

it('writes a site file once, finds it from a folder below, and checks it with line numbers', async () => {
  const file = path.join(folder, 'pilot', 'smartcar.yaml')
  expect(await runCli(['init', 'pilot', '--locale', 'en'], { cwd: folder })).toMatchObject({
    code: 0,
    stdout: `wrote ${file}\n`,
  })
  const written = await readFile(file, 'utf8')
  expect(await runCli(['init', 'pilot'], { cwd: folder })).toMatchObject({
    code: 0,
    stdout: `${file} is there already: nothing changed\n`,
  })
  expect(await readFile(file, 'utf8')).toBe(written)
  const shown = await runCli(['site', 'show', '--json', '--site', 'pilot'], { cwd: folder })
  expect(JSON.parse(shown.stdout).result).toMatchObject({ file, data: path.join(folder, 'pilot', 'smartcar-data') })
  await writeFile(file, `${written}\nsimulte: {}\n`)
  const broken = await runCli(['site', 'check'], { cwd: path.dirname(file) })
  expect(broken.code).toBe(3)
  expect(broken.stderr).toMatch(/smartcar\.yaml:\d+:1: unknown key "simulte" \(did you mean "simulate"\?\)/)
})

it('puts examples first in help and knows topics that are no commands', async () => {
  const help = await runCli(['init', '--help'], { cwd: folder })
  expect(help.stdout.indexOf('EXAMPLES')).toBeGreaterThan(0)
  expect(help.stdout.indexOf('EXAMPLES')).toBeLessThan(help.stdout.indexOf('USAGE'))
  const codes = await runCli(['help', 'exit-codes'], { cwd: folder })
  expect(codes.stdout).toContain('130  interrupted')
  const environment = await runCli(['help', 'environment'], { cwd: folder })
  expect(environment.stdout).toContain('SMARTCAR_SIMULATE_CARS')
})

it('writes shell completion', async () => {
  const run = await runCli(['autocomplete', 'script', 'bash'], {
    cwd: folder,
    env: { HOME: folder, XDG_CACHE_HOME: folder },
  })
  expect(run.code).toBe(0)
  expect(run.stdout).toContain('SMARTCAR')
})

it('names the flag whose value is wrong, and the cure', async () => {
  const run = await runCli(['report', '--day', '2020-02-30'], { cwd: folder })
  expect(run.code).toBe(2)
  expect(run.stderr).toBe('error: --day: "2020-02-30" is not a day\n  try: write it as 20200322 or 2020-03-22\n')
})

it('writes a million rows to a slow reader without a warning, and ends when the reader leaves', async () => {
  const million = ['query', 'select range as n, range * 2 as m from range(1000000)', '--format', 'csv']
  const all = await runCli(million, { cwd: folder })
  expect(all.code).toBe(0)
  expect(all.stderr).not.toContain('Warning')
  expect(all.stdout.split('\n')).toHaveLength(1_000_002)
  expect(all.stdout.slice(-16)).toBe('\n999999,1999998\n')
  const gone = await runCli(['query', 'select range as n from range(1000000000)', '--format', 'csv'], {
    cwd: folder,
    readLines: 3,
  })
  expect(gone.stdout).toBe('n\n0\n1\n')
  expect(gone.stderr).toBe('')
})

it.skipIf(process.platform !== 'linux').each(['2>&-', '2>/dev/full', '2>&- <&-'])(
  'does its work without stderr: %s',
  async (redirection) => {
    const program = path.join(packageRoot(), 'bin', 'run.js')
    const run = async (...args: string[]) => {
      const script = `exec "$0" "$@" ${redirection}`
      const options = { cwd: folder, reject: false, env: { SMARTCAR_SITE: '' } }
      return execa('sh', ['-c', script, process.execPath, program, ...args], options)
    }
    const drive = await run('simulate', 'drive', '--cars', '2', '--json')
    expect(drive.exitCode).toBe(0)
    expect(JSON.parse(drive.stdout)).toMatchObject({ command: 'simulate:drive' })
    const log = await run('simulate', 'drive', '--cars', '2', '--out', '-')
    expect(log.exitCode).toBe(0)
    expect(log.stdout).toBe(
      (await runCli(['simulate', 'drive', '--cars', '2', '--out', '-'], { cwd: folder })).stdout.trimEnd(),
    )
    // What goes wrong keeps its own code, not that of the lost message.
    expect((await run('site', 'show', '--nope')).exitCode).toBe(2)
    expect((await run('nonsense')).exitCode).toBe(2)
  },
)

it('does its work when the reader of stderr leaves', async () => {
  const args = ['simulate', 'drive', '--cars', '20', '--json', '--site', folder]
  const running = startCli(args, ['ignore', 'pipe', 'pipe'])
  running.child.stderr?.destroy()
  const printed = readAll(running.child.stdout as Readable)
  expect(await running.ended).toBe(0)
  expect(JSON.parse(await printed)).toMatchObject({ command: 'simulate:drive' })
})

it('says what it does as JSON lines on stderr with --json, and with --quiet nothing', async () => {
  const loud = await runCli(['simulate', 'drive', '--cars', '2', '--json'], { cwd: folder })
  const events = loud.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { at: string; t: string })
  expect(new Set(events.map(({ t }) => t))).toEqual(new Set(['stage.start', 'stage.end']))
  expect(JSON.parse(loud.stdout)).toMatchObject({ schemaVersion: 1, command: 'simulate:drive' })
  const quiet = await runCli(['simulate', 'drive', '--cars', '2', '--json', '--quiet'], { cwd: folder })
  expect(quiet).toMatchObject({ code: 0, stderr: '' })
})

const noTerminal = spawnSync('sh', ['-c', 'command -v script && command -v stty']).status !== 0

it.skipIf(process.platform !== 'linux' || noTerminal)('draws tasks in a terminal', async () => {
  const program = path.join(packageRoot(), 'bin', 'run.js')
  const command = `stty cols 100 rows 30; exec ${process.execPath} ${program} simulate drive --cars 2`
  const shown = await execa('sh', ['-c', 'script -qec "$0" /dev/null', command], {
    cwd: folder,
    stdin: 'ignore',
    env: { TERM: 'xterm', CI: undefined, SMARTCAR_SITE: '' },
  })
  // Hides the cursor while it draws, ends with a mark, and shows it again.
  expect(shown.stdout).toContain('\u001b[?25l')
  expect(shown.stdout).toMatch(/✔\S* simulate drive: .*: 1 file/)
  expect(shown.stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.stdout.lastIndexOf('\u001b[?25l'))
  expect(shown.stdout).toMatch(/file +rows +size/)
})
