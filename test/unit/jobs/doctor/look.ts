import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clusterOf } from '../../../../src/core/cluster/cluster.js'
import type { World } from '../../../../src/core/plan/step.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { nodeHttp } from '../../../../src/io/http.js'
import type { ServiceCheck, ServicesLook } from '../../../../src/jobs/doctor/check.js'
import { openHdfs } from '../../../../src/services/hdfs/client.js'
import type { EventLog } from '../../../../src/services/kafka/client.js'
import { planWorld } from '../../../support/plan-world.js'

export interface LookOptions {
  /** Body, or status and body, by the beginning of the path; the first that fits. */
  readonly pages?: Readonly<Record<string, unknown>>
  readonly kafka?: Partial<EventLog>
  readonly shell?: World['shell']
  readonly runs?: ServicesLook['runs']
  readonly services?: string
  readonly zookeeperPort?: number
}

export interface FakeLook extends ServicesLook, AsyncDisposable {
  /** `METHOD path` of every request. */
  readonly requests: string[]
  readonly pages: Record<string, unknown>
}

/** One HTTP server that stands for NameNode, ResourceManager and Flume of a site on this machine. */
export async function fakeLook(options: LookOptions = {}): Promise<FakeLook> {
  const requests: string[] = []
  const pages: Record<string, unknown> = { ...options.pages }
  const server = createServer((request, response) => {
    const url = decodeURIComponent(request.url ?? '')
    requests.push(`${request.method} ${url}`)
    const key = Object.keys(pages).find((start) => url.toLowerCase().includes(start.toLowerCase()))
    const page =
      key === undefined
        ? {
            status: 404,
            body: { RemoteException: { exception: 'FileNotFoundException', message: 'File does not exist' } },
          }
        : pages[key]
    const { status, body } =
      typeof page === 'object' && page !== null && 'status' in page
        ? (page as { status: number; body: unknown })
        : { status: 200, body: page }
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const site = resolveSite({
    siteFile: {
      path: '/site/smartcar.yaml',
      text: `name: fake
profile: apache
services:
  zookeeper: { zookeeper: { client: ${options.zookeeperPort ?? 1} } }
  hdfs: { namenode: { http: ${port} } }
  flume: { flume: { metrics: ${port} } }
  yarn: { resourcemanager: { http: ${port} } }
${options.services ?? ''}`,
    },
    environment: {},
    workingFolder: '/site',
  })
  const cluster = clusterOf(site)
  const signal = new AbortController().signal
  const tools = { http: nodeHttp, signal, secret: async () => '' }
  return {
    requests,
    pages,
    cluster,
    world: planWorld({ shell: options.shell ?? (async () => ({ code: 0, stdout: '', stderr: '' })) }),
    tools,
    user: 'cars',
    hdfs: openHdfs(cluster, { ...tools, user: 'cars' }),
    kafka: (work) => work(options.kafka as EventLog),
    runs: options.runs ?? (() => true),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** What a check says of the site's only host. */
export async function ask(checks: readonly ServiceCheck[], id: string, look: FakeLook) {
  const check = checks.find((one) => one.id === id)
  const [host] = look.cluster.hosts
  if (check === undefined || host === undefined) throw new Error(`no check ${id}`)
  return check.look(look, host)
}

export function nameNode(more: Readonly<Record<string, unknown>> = {}) {
  return {
    'name=NameNodeInfo': {
      beans: [
        {
          Safemode: '',
          NumberOfMissingBlocks: 0,
          LiveNodes: '{"127.0.0.1:9866":{"capacity":100,"remaining":50,"usedSpace":10,"numBlocks":3,"volfails":0}}',
          DeadNodes: '{}',
          DecomNodes: '{}',
          ...more,
        },
      ],
    },
    'name=FSNamesystem': { beans: [{ BlocksTotal: 3, CorruptBlocks: more.CorruptBlocks ?? 0 }] },
  }
}
