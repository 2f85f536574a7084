import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type CliRun, runCli } from '../support/run-cli.js'
import { type Stack, type StackService, startServices } from './support.js'

export interface StackWorld extends AsyncDisposable {
  readonly stack: Stack
  /** Working folder of the commands. */
  readonly folder: string
  run(args: readonly string[], input?: string | Uint8Array): Promise<CliRun>
  /** The result of a command with --json; throws what it printed when it fails. */
  json<T>(args: readonly string[], input?: string | Uint8Array): Promise<T>
}

/** The built command line on real services. */
export async function stackWorld(services: readonly StackService[]): Promise<StackWorld> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'clients-stack-'))
  const stack = await startServices(services, path.join(folder, 'services'))
  const run = (args: readonly string[], input?: string | Uint8Array) =>
    runCli([...args, '--site', stack.site], { cwd: folder, ...(input === undefined ? {} : { input }) })
  return {
    stack,
    folder,
    run,
    async json<T>(args: readonly string[], input?: string | Uint8Array) {
      const { code, stdout, stderr } = await run([...args, '--json'], input)
      if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stdout}${stderr}`)
      return (JSON.parse(stdout) as { result: T }).result
    },
    async [Symbol.asyncDispose]() {
      await stack.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
