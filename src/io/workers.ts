import { on } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { WorkerHandle, Workers } from '../core/ports.js'
import { packageRoot, runsFromSource } from './package-root.js'

/**
 * From source a thread has to learn TypeScript by itself: on Node 20 `--import tsx` in a worker's arguments does not
 * reach its entry module.
 */
function startFromSource(entry: string, data: unknown): Worker {
  const module = pathToFileURL(path.join(packageRoot(), 'src', 'workers', `${entry}.ts`)).href
  const [tsx, file] = [import.meta.resolve('tsx/esm/api'), module].map((url) => JSON.stringify(url))
  const code = `import(${tsx}).then(({ register }) => { register(); return import(${file}) })`
  return new Worker(code, { eval: true, workerData: data })
}

function startBuilt(entry: string, data: unknown): Worker {
  return new Worker(path.join(packageRoot(), 'dist', 'src', 'workers', `${entry}.js`), { workerData: data })
}

function start(entry: string, data: unknown): WorkerHandle {
  const worker = runsFromSource ? startFromSource(entry, data) : startBuilt(entry, data)
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
