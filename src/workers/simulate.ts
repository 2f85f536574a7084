/** Worker thread of the simulator: makes one piece of its part of the plan for every request. */
import { parentPort, workerData } from 'node:worker_threads'
import { BugError } from '../core/errors.js'
import { ByteBuffer } from '../simulator/bytes.js'
import { partSource, type WorkerReply, type WorkerRequest, type WorkerTask } from '../simulator/producer.js'

const port = parentPort
if (port === null) throw new BugError('workers/simulate was not started as a worker thread')

// The main thread starts this with a WorkerTask (producer.ts); both ends are this program.
const source = partSource(workerData as WorkerTask)

port.on('message', ({ buffer }: WorkerRequest) => {
  const target = new ByteBuffer(buffer)
  const chunk = source.next(target)
  if (chunk === undefined) {
    port.postMessage({ done: true } satisfies WorkerReply)
    port.close()
    return
  }
  const filled = target.bytes.buffer as ArrayBuffer
  port.postMessage({ done: false, buffer: filled, length: target.length, chunk } satisfies WorkerReply, [filled])
})
