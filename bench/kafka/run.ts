import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { clusterOf } from '../../src/core/cluster/cluster.js'
import { resolveSite } from '../../src/core/site/resolve.js'
import { systemClock } from '../../src/io/clock.js'
import { localFiles } from '../../src/io/files.js'
import { produce } from '../../src/jobs/kafka/produce.js'
import { type EventLog, openKafka } from '../../src/services/kafka/client.js'
import { javaArguments, type Stack, startStack, stopStack } from '../../test/stack/support.js'
import type { BenchRow } from '../support.js'

const rows = 1_000_000
const rounds = 3
const cars = Array.from({ length: 500 }, (_, index) => `A${String(index).padStart(4, '0')}`)

/** Rows of the drive log, about 58 bytes each, as the recipe measured. */
function driveRows(): string {
  const two = (value: number) => String(value % 60).padStart(2, '0')
  const lines = Array.from({ length: rows }, (_, index) => {
    const time = `20160101${two(Math.floor(index / 3_600_000))}${two(Math.floor(index / 60_000))}${two(Math.floor(index / 1000))}`
    return `${time},${cars[index % cars.length]},${index % 6},${index % 4},F,N,${index % 181},D${String(index).padStart(15, '0')}`
  })
  return `${lines.join('\n')}\n`
}

/** Rows that Kafka's own producer tool sends in a second: linger 5 ms, batches of 64 KiB, one confirmation. */
function javaRate(stack: Stack, broker: string, topic: string, file: string, gzip: boolean): number {
  const [java, ...words] = javaArguments(
    stack,
    'kafka',
    512,
    'org.apache.kafka.tools.ProducerPerformance',
    ...['--topic', topic, '--num-records', String(rows), '--throughput', '-1', '--payload-file', file],
    ...['--producer-props', `bootstrap.servers=${broker}`, 'acks=1', 'linger.ms=5', 'batch.size=65536'],
    ...(gzip ? ['compression.type=gzip'] : []),
  )
  const output = execFileSync(java, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const last = output.trim().split('\n').at(-1) ?? ''
  return Number(/, ([\d.]+) records\/sec/.exec(last)?.[1] ?? 0)
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

async function ourRate(log: EventLog, topic: string, file: string, gzip: boolean): Promise<number> {
  const input = { topic, files: [file], stdin: () => process.stdin, gzip, deliveryMs: 60_000 }
  const context = { files: localFiles, clock: systemClock, emit: () => {}, signal: new AbortController().signal }
  const result = await produce(log, input, context)
  if (result.rows !== rows) throw new Error(`${result.rows} rows were delivered instead of ${rows}`)
  return (result.rows * 1000) / result.ms
}

/**
 * `smartcar kafka produce` of a million rows of a file against Kafka's ProducerPerformance on the same broker, in turns;
 * medians of three. Ours waits for every replica in sync, and sends each row once; the tool's time is without its start.
 */
export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'clients-bench-'))
  const stack = await startStack(path.join(folder, 'stack'), ['zookeeper', 'kafka'])
  try {
    const file = path.join(folder, 'rows.log')
    writeFileSync(file, driveRows())
    const siteFile = { path: stack.site, text: readFileSync(stack.site, 'utf8') }
    const site = resolveSite({ siteFile, environment: {}, workingFolder: stack.folder })
    const cluster = clusterOf(site)
    const { address, port } = cluster.endpoint('kafka', 'client')
    await using log = openKafka(cluster, { clock: systemClock, signal: new AbortController().signal })
    const result: BenchRow[] = []
    for (const gzip of [false, true]) {
      const topic = gzip ? 'bench-gzip' : 'bench-plain'
      await log.create({ topic, partitions: 3, replication: 1, config: { 'retention.ms': '600000' } })
      const ours: number[] = []
      const java: number[] = []
      for (let round = 0; round < rounds; round++) {
        java.push(javaRate(stack, `${address}:${port}`, topic, file, gzip))
        ours.push(await ourRate(log, topic, file, gzip))
        console.error(`round ${round + 1}: java ${java.at(-1)?.toFixed(0)}, smartcar ${ours.at(-1)?.toFixed(0)} rows/s`)
      }
      const name = `kafka produce${gzip ? ', gzip' : ''}`
      const [mine, theirs] = [median(ours), median(java)]
      result.push(
        {
          name: `Kafka's ProducerPerformance${gzip ? ', gzip' : ''}`,
          rows,
          seconds: rows / theirs,
          rowsPerSecond: theirs,
          note: 'wall time',
        },
        {
          name,
          rows,
          seconds: rows / mine,
          rowsPerSecond: mine,
          ratio: mine / theirs,
          against: "Kafka's ProducerPerformance",
          note: 'wall time, medians of 3',
        },
      )
    }
    return result
  } finally {
    await stopStack(stack)
    rmSync(folder, { recursive: true, force: true })
  }
}
