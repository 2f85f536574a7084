// `npm run bench [-- NAME…]`: every benchmark, each with its baseline in the same run; JSON with --json.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { number } from '../src/render/format.js'
import { table } from '../src/render/table.js'
import type { BenchRow } from './support.js'

const folder = fileURLToPath(new URL('.', import.meta.url))
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map((entry) => entry.name)
  .sort()
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}

const all: BenchRow[] = []
for (const name of wanted.length > 0 ? wanted : names) {
  console.error(`running ${name}`)
  const module = (await import(pathToFileURL(path.join(folder, name, 'run.ts')).href)) as {
    bench: () => Promise<readonly BenchRow[]>
  }
  all.push(...(await module.bench()))
}
if (process.argv.includes('--json')) console.log(JSON.stringify(all))
else
  console.log(
    table(
      [
        { title: 'what' },
        { title: 'rows', align: 'right' },
        { title: 'seconds', align: 'right' },
        { title: 'rows/s', align: 'right' },
        { title: 'ratio', align: 'right' },
        { title: 'against' },
        { title: 'note' },
      ],
      all.map((row) => [
        row.name,
        number(row.rows),
        row.seconds.toFixed(2),
        number(Math.round(row.rowsPerSecond)),
        row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}x`,
        row.against ?? '',
        row.note ?? '',
      ]),
    ),
  )
