import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { inject } from 'vitest'
import { packageRoot } from '../../src/io/package-root.js'
import { type CliRun, runCli } from '../support/run-cli.js'
import type { Stack } from './support.js'

export interface StackWorld extends AsyncDisposable {
  readonly stack: Stack
  /** Working folder of the commands. */
  readonly folder: string
  run(args: readonly string[], input?: string | Uint8Array): Promise<CliRun>
  /** The result of a command with --json; throws what it printed when it fails. */
  json<T>(args: readonly string[], input?: string | Uint8Array): Promise<T>
  /** What the services answer, healthy or not. */
  status(): Promise<StackStatus>
  /** Process of a role that runs. */
  pidOf(role: string): Promise<number>
  /** Until all roles answer again, as a supervisor brings them back. */
  untilHealthy(): Promise<void>
  /** A command that a test looks at while it runs. */
  begin(args: readonly string[]): Running
}

export interface StackStatus {
  readonly healthy: boolean
  readonly roles: readonly { readonly role: string; readonly state: string; readonly pid?: number }[]
}

export interface Running {
  /** Until a line of its events (--json) says so; throws when it ends before. */
  until(what: (event: Readonly<Record<string, unknown>>) => boolean): Promise<void>
  kill(): void
  /** How it ended; a killed one has no code. */
  readonly ended: Promise<{ readonly code: number | undefined; readonly output: string }>
}

/** Asks again every 100 ms until the answer is yes; throws with `what` after two minutes. */
export async function eventually(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await ask()) return
    await pause(100)
  }
  throw new Error(`waited in vain until ${what}`)
}

function begin(args: readonly string[], folder: string): Running {
  const child = execa(process.execPath, [path.join(packageRoot(), 'bin', 'run.js'), ...args, '--json'], {
    cwd: folder,
    reject: false,
    env: { NODE_ENV: '', NO_COLOR: '1', SMARTCAR_SITE: '', XDG_CONFIG_HOME: '/nonexistent' },
  })
  const events: Readonly<Record<string, unknown>>[] = []
  let over = false
  let rest = ''
  child.stderr.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) events.push(JSON.parse(line) as Record<string, unknown>)
  })
  const ended = child.then(({ exitCode, stdout, stderr }) => {
    over = true
    return { code: exitCode, output: `${stdout}${stderr}`.slice(-4000) }
  })
  return {
    ended,
    kill: () => void child.kill('SIGKILL'),
    async until(what) {
      for (let seen = 0; ; ) {
        for (; seen < events.length; seen++) if (what(events[seen] ?? {})) return
        if (over) throw new Error(`${args.join(' ')} ended before: ${(await ended).output}`)
        await pause(20)
      }
    },
  }
}

/** The built command line on the services that the global setup started. */
export async function stackWorld(): Promise<StackWorld> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'clients-stack-'))
  const stack: Stack = { folder: inject('stackFolder'), site: path.join(inject('stackFolder'), 'smartcar.yaml') }
  const run = (args: readonly string[], input?: string | Uint8Array) =>
    runCli([...args, '--site', stack.site], {
      cwd: folder,
      // Queries of Hive start slowly on a small machine.
      timeoutMs: 900_000,
      ...(input === undefined ? {} : { input }),
    })
  const status = async () => {
    const { stdout } = await run(['cluster', 'status', '--json'])
    const answer = JSON.parse(stdout) as { result?: StackStatus; error?: unknown }
    if (answer.result === undefined) throw new Error(stdout)
    return answer.result
  }
  return {
    stack,
    folder,
    run,
    status,
    begin: (args) => begin([...args, '--site', stack.site], folder),
    async pidOf(role) {
      const pid = (await status()).roles.find((one) => one.role === role)?.pid
      if (pid === undefined) throw new Error(`${role} does not run`)
      return pid
    },
    async untilHealthy() {
      for (let tries = 0; tries < 120; tries++) {
        if ((await run(['cluster', 'status'])).code === 0) return
        await pause(1000)
      }
      throw new Error((await run(['cluster', 'status'])).stdout)
    },
    async json<T>(args: readonly string[], input?: string | Uint8Array) {
      const { code, stdout, stderr } = await run([...args, '--json'], input)
      if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stdout}${stderr}`)
      return (JSON.parse(stdout) as { result: T }).result
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
