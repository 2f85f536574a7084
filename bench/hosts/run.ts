import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from '../support.js'

/** On the two hosts of the test harness, in namespaces of their own; nothing where that cannot be (needs root). */
export async function bench(): Promise<readonly BenchRow[]> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    console.error('hosts: skipped, needs Linux and root')
    return []
  }
  const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
  const harness = here('../../test/support/two-hosts/')
  spawnSync(`${harness}two-hosts.sh`, ['build'], { stdio: ['ignore', 2, 2] })
  const words = [process.execPath, '--import', 'tsx', here('inside/run.ts')]
  const child = spawnSync(`${harness}run-isolated.sh`, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`the measurement ended with ${child.status}`)
  return JSON.parse(child.stdout) as BenchRow[]
}
