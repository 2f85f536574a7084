import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, testContext } from '../../../support/context.js'

/** A test context in memory where the system has such a folder: hundreds of runs do not wait for the disk. */
export async function memoryContext(): Promise<TestContext> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  const root = await mkdtemp(path.join(parent, 'smartcar-test-'))
  return {
    ...(await testContext(root)),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}
