import path from 'node:path'
import { z } from 'zod'
import { FailedError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'

/** What the server needs of a job's context. */
export type PostgresContext = Pick<JobContext, 'layout' | 'files' | 'clock' | 'processes' | 'emit' | 'signal'>

/** The operating system's account that the server runs as, when smartcar itself runs as root. */
const account = z.strictObject({ name: z.string().min(1), uid: z.int().positive(), gid: z.int().positive() })

export type Account = z.infer<typeof account>

/** `postgres/connection.json`: written before the first start, so that a start that was cut off can be repaired. */
const connectionRecord = z.strictObject({
  schemaVersion: z.literal(1),
  host: z.literal('127.0.0.1'),
  port: z.int().min(1).max(65_535),
  user: z.string(),
  database: z.string(),
  /** Folder with `data`, `server.log` and what the server needs of its software; outside the site only where it must be. */
  base: z.string().min(1),
  account: account.nullable(),
})

export type ConnectionRecord = z.infer<typeof connectionRecord>

/** Where the embedded server's files are. */
export interface PostgresFiles {
  readonly record: string
  readonly password: string
}

export function postgresFiles(context: Pick<JobContext, 'layout'>): PostgresFiles {
  return {
    record: path.join(context.layout.postgres, 'connection.json'),
    password: path.join(context.layout.postgres, 'password'),
  }
}

export const dataFolder = (record: ConnectionRecord) => path.join(record.base, 'data')
export const logFile = (record: ConnectionRecord) => path.join(record.base, 'server.log')

/** The record of an earlier start, undefined when there was none. */
export async function readRecord(context: PostgresContext): Promise<ConnectionRecord | undefined> {
  const file = postgresFiles(context).record
  const text = await context.files.readText(file)
  if (text === undefined) return undefined
  try {
    return connectionRecord.parse(JSON.parse(text))
  } catch (cause) {
    throw new FailedError('POSTGRES_RECORD_UNREADABLE', `the record of the embedded PostgreSQL ${file} is damaged`, {
      cause,
      place: { file },
      hints: [`delete the folder ${context.layout.postgres} and export again: the warehouse still holds every row`],
    })
  }
}

export async function writeRecord(record: ConnectionRecord, context: PostgresContext): Promise<void> {
  await context.files.writeAtomic(postgresFiles(context).record, `${JSON.stringify(record, null, 2)}\n`, {
    mode: 0o600,
  })
}
