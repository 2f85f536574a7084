/** Which partitions of a mart are exported, and what tells whether one has changed. */
import { createHash } from 'node:crypto'
import { FailedError, UsageError } from '../../core/errors.js'
import { allColumns, type Mart } from '../../core/mart.js'
import type { FileInfo, JobContext } from '../../core/ports.js'
import { type StoredPartition, storedPartitions } from '../../marts/partitions.js'

/** Everything that is built when left out. Days are yyyyMMdd, both ends included; a mart by month takes their months. */
export interface PartitionRange {
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** yyyyMM */
  readonly month?: string | undefined
}

function isInRange(range: PartitionRange, value: string): boolean {
  if (range.from !== undefined && value < range.from.slice(0, value.length)) return false
  if (range.to !== undefined && value > range.to.slice(0, value.length)) return false
  return range.month === undefined || value.slice(0, 6) === range.month
}

const listed = (values: readonly string[]): string =>
  values.length <= 6 ? values.join(', ') : `${values.slice(0, 3).join(', ')}, … ${values.slice(-2).join(', ')}`

/** The built partitions in the range, in order. Throws FailedError when there are none. */
export async function choosePartitions(
  mart: Mart,
  range: PartitionRange,
  context: Pick<JobContext, 'files' | 'layout'>,
): Promise<readonly StoredPartition[]> {
  if (range.from !== undefined && range.to !== undefined && range.from > range.to) {
    throw new UsageError('RANGE_INVALID', `the first day ${range.from} is after the last day ${range.to}`)
  }
  const stored = await storedPartitions(context, mart)
  const chosen = stored.filter((partition) => isInRange(range, partition.value))
  if (chosen.length > 0) return chosen
  const available = stored.map((partition) => partition.value)
  throw new FailedError(
    'NO_SUCH_PARTITION',
    stored.length === 0
      ? `${mart.name} is not built yet`
      : `${mart.name} has no partition in the range that was asked for`,
    {
      hints: [
        `smartcar mart build ${mart.name} builds it`,
        ...(stored.length === 0 ? [] : [`built are ${listed(available)}`]),
      ],
      data: { mart: mart.name, available },
    },
  )
}

export interface Fingerprint {
  /** SHA-256 over the mart's columns and key and the bytes of the partition's file. */
  readonly digest: string
  readonly info: FileInfo
}

export async function fingerprintPartition(
  mart: Mart,
  partition: StoredPartition,
  context: Pick<JobContext, 'files'>,
): Promise<Fingerprint> {
  const shape = allColumns(mart).map((column) => [column.name, column.type])
  const hash = createHash('sha256').update(JSON.stringify([mart.name, partition.value, shape, mart.key ?? null]))
  await using reader = await context.files.open(partition.file)
  const block = new Uint8Array(1 << 20)
  for (;;) {
    const length = await reader.read(block)
    if (length === 0) break
    hash.update(block.subarray(0, length))
  }
  return { digest: hash.digest('hex'), info: await reader.info() }
}

/** Throws FailedError when the partition's file is no longer the one that was fingerprinted. */
export async function requireSameFile(
  mart: Mart,
  partition: StoredPartition,
  fingerprint: Fingerprint,
  context: Pick<JobContext, 'files'>,
): Promise<void> {
  const now = await context.files.stat(partition.file)
  const { info } = fingerprint
  if (now !== undefined && now.inode === info.inode && now.size === info.size && now.modified === info.modified) return
  throw new FailedError(
    'PARTITION_REBUILT',
    `${mart.name} ${partition.value} was built anew while it was exported: nothing of it was written`,
    { hints: ['run the same command again'], place: { file: partition.file } },
  )
}
