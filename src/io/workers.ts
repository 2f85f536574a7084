import { on } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { WorkerHandle, Workers } from '../core/ports.js'
import { packageRoot, runsFromSource } from './package-root.js'

function entryPath(entry: string): string {
  return runsFromSource
    ? path.join(packageRoot(), 'src', 'workers', `${entry}.ts`)
    : path.join(packageRoot(), 'dist', 'src', 'workers', `${entry}.js`)
}

function start(entry: string, data: unknown): WorkerHandle {
  const worker = new Worker(entryPath(entry), {
    workerData: data,
    ...(runsFromSource ? { execArgv: ['--import', 'tsx'] } : {}),
  })
  const ended = new AbortController()
  let failure: unknown
  // Listening from the start: a message that comes before messages() is called must not be lost.
  const queue = on(worker, 'message', { signal: ended.signal, close: ['exit'] })
  worker.once('error', (error) => {
    failure = error
  })
  return {
    post: (message, transfer) => worker.postMessage(message, transfer === undefined ? [] : [...transfer]),
    async *messages() {
      try {
        for await (const [message] of queue) yield message
      } catch (error) {
        if (failure === undefined && !ended.signal.aborted) throw error
      }
      if (failure !== undefined) throw failure
    },
    async [Symbol.asyncDispose]() {
      ended.abort()
      await worker.terminate()
    },
  }
}

export const threadWorkers: Workers = { parallelism: os.availableParallelism(), start }
