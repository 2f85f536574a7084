/** One question to ZooKeeper in its own protocol: what a node holds. */
import { z } from 'zod'
import type { Cluster } from '../../core/cluster/cluster.js'
import type { ProbeTools } from '../../core/cluster/service.js'
import { FailedError } from '../../core/errors.js'

const sessionMs = 10_000
const getData = 4
const closeSession = -11
const noNode = -101
/** Length, version, time-out, session, password of 16 bytes behind its length, read-only. */
const connectAnswer = 4 + 4 + 4 + 8 + 4 + 16 + 1

function frame(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.byteLength)
  return Buffer.concat([length, body])
}

function int(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

/** Connect, read, close: the server answers them in order and then ends the connection. */
function question(path: string): Buffer {
  const name = Buffer.from(path)
  return Buffer.concat([
    frame(int(0), Buffer.alloc(8), int(sessionMs), Buffer.alloc(8), int(16), Buffer.alloc(16), Buffer.alloc(1)),
    frame(int(1), int(getData), int(name.byteLength), name, Buffer.alloc(1)),
    frame(int(2), int(closeSession)),
  ])
}

/** Text of a node; undefined when there is none. Throws UnreachableError when no ZooKeeper answers. */
async function readNode(cluster: Cluster, path: string, { http, signal }: ProbeTools): Promise<string | undefined> {
  const { address, port } = cluster.endpoint('zookeeper', 'client')
  const answer = Buffer.from(
    await http.ask({
      address,
      port,
      data: question(path),
      // The second answer is whole.
      enough: (received) => {
        const view = Buffer.from(received)
        return (
          view.byteLength >= connectAnswer + 4 && view.byteLength >= connectAnswer + 4 + view.readInt32BE(connectAnswer)
        )
      },
      timeoutMs: 5000,
      signal,
    }),
  )
  const at = connectAnswer + 4
  if (answer.byteLength < at + 16) {
    throw new FailedError('ZOOKEEPER_ANSWER', `ZooKeeper at ${address}:${port} gave no answer about ${path}`)
  }
  const error = answer.readInt32BE(at + 12)
  if (error === noNode) return undefined
  if (error !== 0) throw new FailedError('ZOOKEEPER_ANSWER', `ZooKeeper refused to read ${path}: error ${error}`)
  const length = answer.readInt32BE(at + 16)
  return answer.subarray(at + 20, at + 20 + Math.max(0, length)).toString('utf8')
}

const clusterId = z.object({ id: z.string() })

/** The id that ZooKeeper has for the Kafka cluster; undefined when it knows none. */
export async function kafkaClusterId(cluster: Cluster, tools: ProbeTools): Promise<string | undefined> {
  const text = await readNode(cluster, '/kafka/cluster/id', tools)
  return text === undefined ? undefined : clusterId.parse(JSON.parse(text)).id
}
