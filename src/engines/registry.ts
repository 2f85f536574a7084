import { didYouMean } from '../core/did-you-mean.js'
import { UsageError } from '../core/errors.js'
import { type Dialect, type DialectName, dialectNames } from '../core/sql.js'

const dialects: Readonly<Record<DialectName, () => Promise<Dialect>>> = {
  duckdb: async () => (await import('./duckdb/dialect.js')).duckdbDialect,
  hive: async () => (await import('./hive/dialect.js')).hiveDialect,
  impala: async () => (await import('./impala/dialect.js')).impalaDialect,
  spark: async () => (await import('./spark/dialect.js')).sparkDialect,
}

/** The dialect of that name; throws UsageError with the nearest name when there is none. */
export async function loadDialect(name: string): Promise<Dialect> {
  const known = dialectNames.find((candidate) => candidate === name)
  if (known !== undefined) return dialects[known]()
  throw new UsageError('UNKNOWN_DIALECT', `there is no SQL dialect "${name}"${didYouMean(name, dialectNames)}`, {
    hints: [`dialects are ${dialectNames.join(', ')}`],
  })
}
