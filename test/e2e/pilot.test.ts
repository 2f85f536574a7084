import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/io/package-root.js'
import { runCli } from '../support/run-cli.js'

const small = ['--cars', '2', '--locale', 'en']

/** Size and time of change of every file of the site that a user could look at; the server's own files change by themselves. */
async function filesOf(site: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(site, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    const name = path.relative(site, file)
    if (name.startsWith('postgres') || name.includes('locks')) continue
    const info = await stat(file)
    found[name] = `${info.size} ${info.mtimeMs}`
  }
  return found
}

function startPilot(site: string): ChildProcess {
  const args = [path.join(packageRoot(), 'bin', 'run.js'), 'pilot', ...small, '--site', site]
  const env = { ...process.env, SMARTCAR_SITE: '', NO_COLOR: '1', XDG_CONFIG_HOME: '/nonexistent' }
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env })
}

/** Resolves when `child` has said `text` on stderr, which is read to its end whatever happens. */
function waitFor(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes(text)) resolve()
    })
    child.once('exit', () => reject(new Error(`the pilot ended without saying "${text}":\n${said}`)))
  })
}

describe('smartcar pilot', () => {
  let site: string

  beforeAll(async () => {
    site = await mkdtemp(path.join(os.tmpdir(), 'smartcar-pilot-'))
  })

  afterAll(async () => {
    await runCli(['export', '--stop', '--site', site])
    await rm(site, { recursive: true, force: true })
  })

  it('goes from nothing to a report, and everything is as the simulator knows', async () => {
    const { code, stdout, stderr } = await runCli(['pilot', ...small, '--site', site])
    expect(code, stderr).toBe(0)
    const last = stdout.trimEnd().split('\n').at(-1) ?? ''
    expect(last).toBe(path.join(site, 'reports', 'report-20200322.html'))
    expect(await readFile(last, 'utf8')).toContain('<html lang="en"')
    expect(stdout).toMatch(/^speeding windows +truth +[\d,]+ +[\d,]+ +ok$/m)
    expect(stdout).toMatch(/^managed_smartcar_symptom_info in postgres +input +2 +2 +ok$/m)
    expect(stdout).not.toContain('differs')
    expect(stdout).toContain('smartcar query --saved fastest-cars-by-area')
    expect(stderr).toContain('build marts: ')
  })

  it('changes nothing the second time', async () => {
    const before = await filesOf(site)
    const { code, stdout } = await runCli(['pilot', ...small, '--site', site])
    expect(code).toBe(0)
    expect(stdout).toContain('unchanged: everything was there already')
    expect(await filesOf(site)).toEqual(before)
  })

  it('prints one JSON value', async () => {
    const { code, stdout } = await runCli(['pilot', ...small, '--site', site, '--json'])
    expect(code).toBe(0)
    const value = JSON.parse(stdout)
    expect(value).toMatchObject({ schemaVersion: 1, command: 'pilot', result: { changed: false, days: ['20200322'] } })
    expect(value.result.checks.every((check: { ok: boolean }) => check.ok)).toBe(true)
  })

  it('gives the same report by smartcar report', async () => {
    const { code, stdout } = await runCli(['report', '--locale', 'en', '--site', site])
    expect(code).toBe(0)
    expect(stdout).toBe(`unchanged: ${path.join(site, 'reports', 'report-20200322.html')}\n`)
  })

  it('refuses to mix other rows into the day, with exit code 1', async () => {
    const { code, stderr } = await runCli(['pilot', '--cars', '3', '--site', site])
    expect(code).toBe(1)
    expect(stderr).toContain('this site holds other status rows of 20200322 already')
  })

  it('refuses faults that cannot be, with exit code 2', async () => {
    const { code, stderr } = await runCli(['pilot', '--faults', 'malfromed=0.1', '--site', site])
    expect(code).toBe(2)
    expect(stderr).toContain('malformed')
  })
})

describe('smartcar pilot, stopped', () => {
  it('goes on after SIGINT and SIGKILL, wherever they come', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-pilot-'))
    const site = path.join(folder, 'smartcar.yaml')
    await writeFile(site, 'data: ./data\nexport:\n  target: csv\n')
    try {
      // After the line that says so: in the middle of what comes next.
      for (const [line, signal] of [
        ['simulate master:', 'SIGINT'],
        ['simulate master:', 'SIGKILL'],
        ['collect SmartCarStatusInfo', 'SIGKILL'],
        ['detect speeding:', 'SIGINT'],
        ['ask:', 'SIGKILL'],
      ] as const) {
        const child = startPilot(site)
        const ended = once(child, 'exit')
        await waitFor(child, line)
        child.kill(signal)
        const [code, endedBy] = await ended
        expect(signal === 'SIGINT' ? code : endedBy, line).toBe(signal === 'SIGINT' ? 130 : 'SIGKILL')
      }
      const { code, stdout, stderr } = await runCli(['pilot', ...small, '--site', site])
      expect(code, stderr).toBe(0)
      expect(stdout).not.toContain('differs')
      expect(stdout.trimEnd().split('\n').at(-1)).toBe(path.join(folder, 'data', 'reports', 'report-20200322.html'))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
