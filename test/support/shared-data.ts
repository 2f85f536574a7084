import { existsSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../src/io/package-root.js'

/** Real input that this project did not write; it lies beside the project, not in it. */
export const sharedDataFolder = path.join(packageRoot(), '..', 'shared', 'data')

/** Path of a file of the shared data, undefined where the folder is not there: such a test skips with that reason. */
export function sharedData(name: string): string | undefined {
  const file = path.join(sharedDataFolder, name)
  return existsSync(file) ? file : undefined
}
