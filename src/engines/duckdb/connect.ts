/** DuckDB as this project runs it: in memory, over files, nothing written but what a statement asks for. */
import path from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { throwIfInterrupted } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'

export interface DuckDB extends AsyncDisposable {
  /** A new connection to the same in-memory database; closed with it. */
  connect(): Promise<DuckDBConnection>
}

export interface DuckDBOptions {
  /** Left out: all cores that this process may use. */
  readonly threads?: number
}

/**
 * Opens an in-memory DuckDB. Spilled data goes below the site's state folder. When the context's signal aborts, running
 * queries are interrupted.
 */
export async function openDuckDB(
  context: Pick<JobContext, 'layout' | 'workers' | 'signal' | 'files'>,
  options: DuckDBOptions = {},
): Promise<DuckDB> {
  throwIfInterrupted(context.signal)
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const spill = path.join(context.layout.state, `spill-${process.pid}-${spillNumber++}`)
  const instance: DuckDBInstance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads ?? context.workers.parallelism),
    temp_directory: spill,
    preserve_insertion_order: 'false',
    // A replaced partition must never be answered from the blocks of the old one.
    enable_external_file_cache: 'false',
    autoinstall_known_extensions: 'false',
  })
  const connections = new Set<DuckDBConnection>()
  const interrupt = () => {
    for (const connection of connections) connection.interrupt()
  }
  let again: NodeJS.Timeout | undefined
  // DuckDB forgets an interruption that comes between two statements, so the next one must be told as well.
  const interruptAll = () => {
    interrupt()
    again = setInterval(interrupt, interruptEveryMs)
  }
  context.signal.addEventListener('abort', interruptAll)
  return {
    async connect() {
      throwIfInterrupted(context.signal)
      const connection = await instance.connect()
      connections.add(connection)
      return connection
    },
    async [Symbol.asyncDispose]() {
      context.signal.removeEventListener('abort', interruptAll)
      clearInterval(again)
      for (const connection of connections) connection.closeSync()
      connections.clear()
      instance.closeSync()
      await context.files.removeTree(spill)
    },
  }
}

let spillNumber = 0
const interruptEveryMs = 50
