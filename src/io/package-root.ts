import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)

/** True when the TypeScript sources run (tsx, vitest), false in the bundle. */
export const runsFromSource = here.endsWith('.ts')

/** The folder of smartcar's package.json, found upwards from this module, in the sources as in the bundle. */
export function packageRoot(): string {
  let folder = path.dirname(here)
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder)
  return folder
}
