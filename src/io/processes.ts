import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { FailedError, systemCode, throwIfInterrupted } from '../core/errors.js'
import type { Daemon, Processes, RunOptions, RunResult } from '../core/ports.js'

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return systemCode(error) === 'EPERM'
  }
}

async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const { execa } = await import('execa')
  const [file, ...args] = argv
  const running = execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  if (options.onLine !== undefined) {
    for (const stream of [running.stdout, running.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', options.onLine)
    }
  }
  const result = await running
  if (result.exitCode === undefined) {
    if (options.signal !== undefined) throwIfInterrupted(options.signal)
    throw new FailedError(
      'PROCESS_NOT_RUN',
      `${file} did not run to its end: ${result.shortMessage ?? 'no reason given'}`,
      {
        cause: result.cause,
      },
    )
  }
  return { code: result.exitCode, stdout: String(result.stdout), stderr: String(result.stderr) }
}

async function startDaemon(
  argv: readonly [string, ...string[]],
  options: RunOptions & { readonly logFile: string },
): Promise<Daemon> {
  const [file, ...args] = argv
  const log = await open(options.logFile, 'a', 0o600)
  try {
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    })
    const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) =>
        reject(new FailedError('PROCESS_NOT_STARTED', `${file} cannot be started: ${cause.message}`, { cause })),
      )
    })
    child.unref()
    if (child.pid === undefined) throw new FailedError('PROCESS_NOT_STARTED', `${file} has no process id`)
    return { pid: child.pid, exited }
  } finally {
    await log.close()
  }
}

async function account(name: string): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid === undefined) return undefined
  const [user, group] = await Promise.all([run(['id', '-u', name]), run(['id', '-g', name])])
  if (user.code !== 0 || group.code !== 0) return undefined
  return { uid: Number(user.stdout), gid: Number(group.stdout) }
}

export const localProcesses: Processes = {
  run,
  startDaemon,
  isAlive,
  kill: (pid, signal) => {
    process.kill(pid, signal)
  },
  account,
  uid: process.geteuid?.(),
}
