import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from '../support.js'

const runs = 15

/** Least processor seconds (user and system) of several runs of one process. */
function processorSeconds(args: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    // The child reports its own use: the parent's view adds up all children.
    const child = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: `--require=${reporterFile}` },
    })
    if (child.status !== 0) throw new Error(child.stderr)
    least = Math.min(least, Number(child.stderr.trim().split('\n').at(-1)) / 1e6)
  }
  return least
}

const reporterFile = fileURLToPath(new URL('report-cpu.cjs', import.meta.url))

/** `smartcar --version` against a Node that does nothing. */
export async function bench(): Promise<BenchRow[]> {
  const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
  const bare = processorSeconds(['-e', '0'])
  const version = processorSeconds([bin, '--version'])
  return [
    { name: 'node -e 0', rows: 1, seconds: bare, rowsPerSecond: 1 / bare },
    {
      name: 'smartcar --version',
      rows: 1,
      seconds: version,
      rowsPerSecond: 1 / version,
      ratio: bare / version,
      against: 'node -e 0',
      note: `${Math.round((version - bare) * 1000)} ms of processor time over bare Node (at most 100)`,
    },
  ]
}
