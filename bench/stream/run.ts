/** stream run against a hand-written loop over the bytes that knows only the speeding rule and trusts its input. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { clockText } from '../../src/core/calendar.js'
import { carIndexCount, carNumberAt } from '../../src/core/cars.js'
import { siteLayout } from '../../src/core/layout.js'
import { systemClock } from '../../src/io/clock.js'
import { localFiles } from '../../src/io/files.js'
import { packageRoot } from '../../src/io/package-root.js'
import { runStream } from '../../src/jobs/stream/run.js'
import type { BenchRow } from '../support.js'

const rounds = 5
const cars = 100
const baseline = 'hand-written loop'

/** A linear congruential generator: the same input on every machine. */
function draws(): (limit: number) => number {
  let state = 20_200_322
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % limit
  }
}

/** A day of all cars, every 2 seconds a row of each, as the collector sees it. */
async function writeDay(file: string): Promise<number> {
  const draw = draws()
  const numbers = Array.from({ length: cars }, (_, index) => carNumberAt(index * 2600 + 21))
  const speeds = numbers.map(() => 40)
  const target = await open(file, 'w')
  let rows = 0
  let text = 'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum\n'
  for (let second = 0; second < 86_400; second += 2) {
    const time = `20200322${clockText(second)}`
    numbers.forEach((car, index) => {
      // Pulled towards 60, so that about a quarter of the windows are over 80, as in the pilot's own log.
      const drawn = Math.round((speeds[index] ?? 0) * 0.97 + 60 * 0.03 + draw(61) - 30)
      const speed = Math.max(0, Math.min(250, drawn))
      speeds[index] = speed
      const steer = ['F', 'F', 'F', 'L1', 'R2'][draw(5)]
      text += `${time},${car},${draw(6)},${draw(4)},${steer},N,${speed},A${String(1 + draw(9)).padStart(2, '0')}\n`
      rows++
    })
    if (text.length < 1 << 20) continue
    await target.write(text)
    text = ''
  }
  await target.write(text)
  await target.close()
  return rows
}

/** Alerts of a sound log in order of time: windows of 30 s, average speed over 80. */
async function handWritten(file: string): Promise<number> {
  const source = await open(file)
  const buffer = Buffer.alloc((1 << 20) + 256)
  const windows = new Int32Array(carIndexCount).fill(-1)
  const sums = new Int32Array(carIndexCount)
  const counts = new Int32Array(carIndexCount)
  const at = (position: number): number => buffer[position] as number
  let alerts = 0
  let filled = 0
  for (;;) {
    const { bytesRead } = await source.read(buffer, filled, (1 << 20) - filled)
    if (bytesRead === 0) break
    filled += bytesRead
    const end = buffer.subarray(0, filled).lastIndexOf(10) + 1
    let position = 0
    while (position < end) {
      if (at(position) > 57) {
        position = buffer.indexOf(10, position) + 1
        continue
      }
      const clock =
        (at(position + 8) * 10 + at(position + 9) - 528) * 3600 +
        (at(position + 10) * 10 + at(position + 11) - 528) * 60 +
        at(position + 12) * 10 +
        at(position + 13) -
        528
      const car =
        (at(position + 15) - 65) * 10_000 +
        at(position + 16) * 1000 +
        at(position + 17) * 100 +
        at(position + 18) * 10 +
        at(position + 19) -
        53_328
      let cursor = position + (at(position + 25) === 70 ? 29 : 30)
      let speed = 0
      for (let byte = at(cursor); byte !== 44; byte = at(++cursor)) speed = speed * 10 + byte - 48
      position = cursor + 5
      const window = (clock / 30) | 0
      if (windows[car] !== window) {
        if ((sums[car] ?? 0) > 80 * (counts[car] ?? 0)) alerts++
        windows[car] = window
        sums[car] = 0
        counts[car] = 0
      }
      sums[car] = (sums[car] ?? 0) + speed
      counts[car] = (counts[car] ?? 0) + 1
    }
    buffer.copyWithin(0, end, filled)
    filled -= end
  }
  sums.forEach((sum, car) => {
    if (sum > 80 * (counts[car] ?? 0)) alerts++
  })
  await source.close()
  return alerts
}

/** Processor seconds of this process while `work` runs. */
async function processorSeconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-bench-stream-'))
  try {
    const file = path.join(folder, 'drive.log')
    const rows = await writeDay(file)
    const found = { hand: 0, stream: 0 }
    const best = { hand: Number.POSITIVE_INFINITY, stream: Number.POSITIVE_INFINITY }
    for (let round = 0; round < rounds; round++) {
      const hand = await processorSeconds(async () => {
        found.hand = await handWritten(file)
      })
      const stream = await processorSeconds(async () => {
        const result = await runStream(
          { source: { kind: 'files', paths: [file] }, ruleFiles: [] },
          {
            layout: siteLayout(path.join(folder, `site${round}`)),
            templates: path.join(packageRoot(), 'templates'),
            files: localFiles,
            clock: systemClock,
            emit: () => {},
            signal: new AbortController().signal,
          },
        )
        found.stream = result.rules[0]?.alerts ?? 0
      })
      best.hand = Math.min(best.hand, hand)
      best.stream = Math.min(best.stream, stream)
    }
    if (found.hand !== found.stream)
      throw new Error(`${found.stream} alerts, the hand-written loop finds ${found.hand}`)
    const line = (name: string, seconds: number) => ({ name, rows, seconds, rowsPerSecond: rows / seconds })
    return [
      { ...line(baseline, best.hand), note: `${cars} cars, one day; best of ${rounds}` },
      {
        ...line('stream run', best.stream),
        ratio: best.hand / best.stream,
        against: baseline,
        note: `reads, checks every field, ${found.stream} alerts written; required: 5,000,000 rows/s`,
      },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
