/** The partitions that lie in the warehouse folder. */
import path from 'node:path'
import { isDay, isMonth } from '../core/calendar.js'
import type { Mart, PartitionUnit } from '../core/mart.js'
import type { JobContext } from '../core/ports.js'

export interface StoredPartition {
  /** yyyyMMdd or yyyyMM */
  readonly value: string
  /** Absolute path of the Parquet file. */
  readonly file: string
  readonly bytes: number
  /** milliseconds since 1970 */
  readonly modified: number
}

export const isPartitionValue = (unit: PartitionUnit, value: string): boolean =>
  unit === 'day' ? isDay(value) : isMonth(value)

/** `warehouse/<table>/<partition>=<value>/<table>.parquet` below the site folder. */
export function partitionPath(context: Pick<JobContext, 'layout'>, mart: Mart, value: string): string {
  return path.join(context.layout.warehouse, mart.name, `${mart.partition.name}=${value}`, `${mart.name}.parquet`)
}

/** Partitions of a mart in order; folders that are none (other names, no file) are not looked at. */
export async function storedPartitions(
  context: Pick<JobContext, 'files' | 'layout'>,
  mart: Mart,
): Promise<readonly StoredPartition[]> {
  const prefix = `${mart.partition.name}=`
  const values = (await context.files.list(path.join(context.layout.warehouse, mart.name)))
    .filter((entry) => entry.kind === 'directory' && entry.name.startsWith(prefix))
    .map((entry) => entry.name.slice(prefix.length))
    .filter((value) => isPartitionValue(mart.partition.unit, value))
  const found = await Promise.all(values.map((value) => storedPartition(context, mart, value)))
  return found.flatMap((partition) => partition ?? [])
}

/** One partition, undefined when there is none. */
export async function storedPartition(
  context: Pick<JobContext, 'files' | 'layout'>,
  mart: Mart,
  value: string,
): Promise<StoredPartition | undefined> {
  const file = partitionPath(context, mart, value)
  const info = await context.files.stat(file)
  return info?.kind === 'file' ? { value, file, bytes: info.size, modified: info.modified } : undefined
}
