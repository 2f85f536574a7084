/** collect against the least that any collector must do: read, check the newline structure, write the same bytes. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { clockText } from '../../src/core/calendar.js'
import { carNumberAt } from '../../src/core/cars.js'
import type { RecordKind } from '../../src/core/layout.js'
import { siteLayout } from '../../src/core/layout.js'
import { systemClock } from '../../src/io/clock.js'
import { localFiles } from '../../src/io/files.js'
import { collect } from '../../src/jobs/collect/collect.js'
import type { BenchRow } from '../support.js'

const rounds = 5
const baseline = 'read, check newlines, write'

/** A linear congruential generator: the same input on every machine. */
function draws(): (limit: number) => number {
  let state = 20_200_322
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % limit
  }
}

const rowMakers = {
  status: {
    step: 4,
    row: (time: string, car: string, draw: (limit: number) => number) => {
      const tire = () => 70 + draw(31)
      return `${time},${car},${tire()},${tire()},${tire()},${tire()},1,1,1,1,${'AB'[draw(2)]},A,${80 + draw(21)}\n`
    },
  },
  drive: {
    step: 2,
    row: (time: string, car: string, draw: (limit: number) => number) => {
      const steer = ['F', 'F', 'F', 'L1', 'R2'][draw(5)]
      const area = `${'ABCDEF'[draw(6)]}${String(1 + draw(10)).padStart(2, '0')}`
      return `${time},${car},${draw(6)},${draw(4)},${steer},N,${draw(251)},${area}\n`
    },
  },
} as const

/** A day of `cars` cars, car after car, with a header line in front of each. */
async function writeInput(file: string, kind: keyof typeof rowMakers, cars: number): Promise<number> {
  const draw = draws()
  const { step, row } = rowMakers[kind]
  const target = await open(file, 'w')
  let rows = 0
  for (let index = 0; index < cars; index++) {
    const car = carNumberAt(index)
    let text = 'SmartCar Information,CarNum\n'
    for (let second = 0; second < 86_400; second += step, rows++) text += row(`20200322${clockText(second)}`, car, draw)
    await target.write(text)
  }
  await target.close()
  return rows
}

/** Newlines among the first `end` bytes; throws when the lines are not in order. */
type LineCount = (bytes: Buffer, end: number) => number

/** Byte by byte: no empty line, no CR. */
const checkBytes: LineCount = (bytes, end) => {
  let lines = 0
  let before = 0x0a
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === 0x0a) {
      if (before === 0x0a && i > 0) throw new Error('an empty line')
      lines++
    } else if (byte === 0x0d) throw new Error('a CR')
    before = byte
  }
  return lines
}

/** Newlines only, by the processor's fastest search. */
const findNewlines: LineCount = (bytes, end) => {
  let lines = 0
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < end; at = bytes.indexOf(0x0a, at + 1)) lines++
  return lines
}

/** Reads pieces of 1 MiB into one buffer, looks at the lines, writes what was read; the last byte must be a newline. */
async function copyLines(from: string, to: string, count: LineCount): Promise<number> {
  const source = await open(from)
  const target = await open(to, 'w')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  let lines = 0
  let last: number | undefined
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.byteLength)
    if (bytesRead === 0) break
    lines += count(buffer, bytesRead)
    last = buffer[bytesRead - 1]
    await target.write(buffer, 0, bytesRead)
  }
  await source.close()
  await target.close()
  if (last !== 0x0a) throw new Error(`${from} does not end with a newline`)
  return lines
}

/** Processor seconds of the best of some rounds of each piece of work, in turns: so a busy machine is fair to both. */
async function measure(...works: readonly (() => Promise<void>)[]): Promise<number[]> {
  const best = works.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    for (const [index, work] of works.entries()) {
      const start = process.cpuUsage()
      await work()
      const { user, system } = process.cpuUsage(start)
      best[index] = Math.min(best[index] ?? 0, (user + system) / 1e6)
    }
  }
  return best
}

async function benchKind(kind: RecordKind & keyof typeof rowMakers, folder: string): Promise<BenchRow[]> {
  const input = path.join(folder, `${kind}.log`)
  const rows = await writeInput(input, kind, 100)
  const copy = path.join(folder, 'copy.log')
  const site = path.join(folder, 'site')
  const copyWork = (count: LineCount) => async () => {
    await copyLines(input, copy, count)
  }
  const collectWork = async () => {
    const result = await collect(
      { paths: [input] },
      {
        layout: siteLayout(site),
        files: localFiles,
        clock: systemClock,
        emit: () => {},
        signal: new AbortController().signal,
      },
    )
    if (result.totals.kept !== rows) throw new Error(`collect kept ${result.totals.kept} of ${rows} rows`)
    await rm(site, { recursive: true })
  }
  const [plain = 0, searched = 0, collected = 0] = await measure(
    copyWork(checkBytes),
    copyWork(findNewlines),
    collectWork,
  )
  await rm(copy)
  await rm(input)
  return [
    { name: `${baseline} (${kind})`, rows, seconds: plain, rowsPerSecond: rows / plain },
    {
      name: `read, count newlines by memchr, write (${kind})`,
      rows,
      seconds: searched,
      rowsPerSecond: rows / searched,
      note: 'for comparison: looks at no byte of a row',
    },
    {
      name: `collect ${kind}`,
      rows,
      seconds: collected,
      rowsPerSecond: rows / collected,
      ratio: plain / collected,
      against: `${baseline} (${kind})`,
      note: 'every field validated, two SHA-256, duplicates counted; at least 0.33',
    },
  ]
}

/** One day of 100 cars: 2.16 million status rows, 4.32 million drive rows. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-bench-collect-'))
  try {
    return [...(await benchKind('status', folder)), ...(await benchKind('drive', folder))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
