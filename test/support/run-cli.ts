import path from 'node:path'
import type { Readable } from 'node:stream'
import { execa } from 'execa'
import { packageRoot } from '../../src/io/package-root.js'

export interface CliRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly timeoutMs?: number
  /** Close the reading end after so many lines, as `head` does. */
  readonly readLines?: number
}

async function firstLines(stream: Readable, count: number): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.split('\n').length > count) break
  }
  return `${text.split('\n').slice(0, count).join('\n')}\n`
}

/** The built command line in a process of its own, as a user runs it; `npm test` has built it before. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const child = execa(process.execPath, [path.join(packageRoot(), 'bin', 'run.js'), ...args], {
    reject: false,
    stripFinalNewline: false,
    extendEnv: true,
    env: { NODE_ENV: '', NO_COLOR: '1', SMARTCAR_SITE: '', XDG_CONFIG_HOME: '/nonexistent', ...options.env },
    timeout: options.timeoutMs ?? 120_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  })
  const head = options.readLines === undefined ? undefined : await firstLines(child.stdout, options.readLines)
  const result = await child
  if (head !== undefined) return { code: result.exitCode ?? -1, stdout: head, stderr: String(result.stderr) }
  return { code: result.exitCode ?? -1, stdout: String(result.stdout), stderr: String(result.stderr) }
}
