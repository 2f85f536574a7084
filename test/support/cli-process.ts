import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { packageRoot } from '../../src/io/package-root.js'

export interface CliProcess {
  readonly child: ChildProcess
  /** Exit code; -1 when a signal ended it. */
  readonly ended: Promise<number>
}

/** The built command line, started and not waited for. */
export function startCli(args: readonly string[], stdio: StdioOptions = 'ignore'): CliProcess {
  const child = spawn(process.execPath, [path.join(packageRoot(), 'bin', 'run.js'), ...args], {
    stdio,
    env: { ...process.env, NO_COLOR: '1', SMARTCAR_SITE: '' },
  })
  return { child, ended: new Promise((resolve) => child.once('exit', (code) => resolve(code ?? -1))) }
}

/**
 * Waits until a run record below `runs` has a line that holds every one of `words`; false when `process` ended before.
 * `skip`: so many of the oldest records do not count.
 */
export async function untilRecorded(
  runs: string,
  words: readonly string[],
  process: CliProcess,
  skip = 0,
): Promise<boolean> {
  let running = true
  void process.ended.then(() => {
    running = false
  })
  while (running) {
    const names: readonly string[] = await readdir(runs).catch(() => [])
    for (const name of names.toSorted().slice(skip)) {
      const lines = (await readFile(path.join(runs, name), 'utf8')).split('\n')
      if (lines.some((line) => words.every((word) => line.includes(word)))) return true
    }
    await delay(5)
  }
  return false
}

/** Waits until a line of a process's stderr, which is a pipe, holds every one of `words`; false when it ended before. */
export async function untilSaid(words: readonly string[], { child }: CliProcess): Promise<boolean> {
  const lines = createInterface({ input: child.stderr as Readable })
  const said = await new Promise<boolean>((resolve) => {
    lines.on('line', (line) => words.every((word) => line.includes(word)) && resolve(true))
    lines.on('close', () => resolve(false))
  })
  // Read on to its end: a full pipe would stop the process.
  return said
}
