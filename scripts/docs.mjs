// Writes docs/commands.md, the site file's JSON schema and the pinned surface anew, from the built commands.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/surface/surface.test.ts'],
  {
    stdio: 'inherit',
    env: { ...process.env, SMARTCAR_UPDATE_GOLDEN: '1' },
  },
)
process.exitCode = status ?? 1
