// Stages a content of the given size that is made on the way, and prints the most memory that it took above what the process had at its start. Arguments: folder, megabytes.
import { rm } from 'node:fs/promises'
import { systemClock } from '../../../../src/io/clock.js'
import { localFiles } from '../../../../src/io/files.js'
import { stageContent } from '../../../../src/jobs/collect/stage.js'
import { rowFormats } from '../../../../src/logs/formats.js'
import type { Content } from '../../../../src/logs/source.js'
import { driveRow } from './rows.js'

const [folder = '', megabytes = ''] = process.argv.slice(2)
const total = Number(megabytes) * 1024 * 1024
const bare = process.memoryUsage.rss()
let position = 0
let rows = 0
let most = 0
let rest: Uint8Array = new Uint8Array(0)

/** Rows of 5,000 cars in order of time over many days, every 50th damaged, every 1000th line very long. */
function moreRows(): Buffer {
  const lines: string[] = []
  for (let i = 0; i < 20_000; i++, rows++) {
    const second = Math.floor(rows / 5000)
    const day = `202003${String(10 + (Math.floor(second / 300) % 15)).padStart(2, '0')}`
    const car = `A${String(rows % 5000).padStart(4, '0')}`
    if (rows % 1000 === 0) lines.push('z'.repeat(100_000))
    lines.push(rows % 50 === 0 ? 'damaged,"row"' : driveRow(day, second % 300, car))
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

const content: Content = {
  get consumed() {
    return position
  },
  async read(target) {
    most = Math.max(most, process.memoryUsage.rss())
    if (position >= total) return 0
    if (rest.byteLength === 0) rest = moreRows()
    const count = Math.min(rest.byteLength, target.byteLength, total - position)
    target.set(rest.subarray(0, count))
    rest = rest.subarray(count)
    position += count
    return count
  },
  async [Symbol.asyncDispose]() {},
}

// What is staged is not kept: only memory is asked about.
const files = {
  ...localFiles,
  append: async () => ({
    write: async () => {},
    sync: async () => {},
    size: async () => 0,
    async [Symbol.asyncDispose]() {},
  }),
}
const started = systemClock.monotonic()
const staged = await stageContent(
  { content, format: rowFormats.drive, sourceName: 'made.log', lakeFolder: folder, rejectsFolder: folder },
  { files, signal: new AbortController().signal },
)
await rm(folder, { recursive: true, force: true })
process.stdout.write(
  JSON.stringify({ most: most - bare, kept: staged.rows.kept, ms: systemClock.monotonic() - started }),
)
