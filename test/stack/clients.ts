import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { inject } from 'vitest'
import { type CliRun, runCli } from '../support/run-cli.js'
import type { Stack } from './support.js'

export interface StackWorld extends AsyncDisposable {
  readonly stack: Stack
  /** Working folder of the commands. */
  readonly folder: string
  run(args: readonly string[], input?: string | Uint8Array): Promise<CliRun>
  /** The result of a command with --json; throws what it printed when it fails. */
  json<T>(args: readonly string[], input?: string | Uint8Array): Promise<T>
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
  return {
    stack,
    folder,
    run,
    async json<T>(args: readonly string[], input?: string | Uint8Array) {
      const { code, stdout, stderr } = await run([...args, '--json'], input)
      if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stdout}${stderr}`)
      return (JSON.parse(stdout) as { result: T }).result
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
