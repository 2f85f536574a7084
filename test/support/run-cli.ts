import path from 'node:path'
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
}

/** The built command line in a process of its own, as a user runs it; `npm test` has built it before. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const result = await execa(process.execPath, [path.join(packageRoot(), 'bin', 'run.js'), ...args], {
    reject: false,
    stripFinalNewline: false,
    extendEnv: true,
    env: { NODE_ENV: '', NO_COLOR: '1', SMARTCAR_SITE: '', XDG_CONFIG_HOME: '/nonexistent', ...options.env },
    timeout: options.timeoutMs ?? 120_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  })
  return { code: result.exitCode ?? -1, stdout: String(result.stdout), stderr: String(result.stderr) }
}
