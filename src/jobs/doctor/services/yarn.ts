import { z } from 'zod'
import { hostView } from '../../../core/cluster/service.js'
import { FailedError } from '../../../core/errors.js'
import { parseMemory } from '../../../core/hosts/fit.js'
import { plural } from '../../../render/format.js'
import { service as spark } from '../../../services/spark/service.js'
import { healthy, type ServiceCheck, type ServicesLook } from '../check.js'

const nodesAnswer = z.object({
  nodes: z
    .object({
      node: z.array(
        z.object({
          nodeHostName: z.string(),
          state: z.string(),
          healthReport: z.string().nullish(),
          usedMemoryMB: z.number(),
          availMemoryMB: z.number(),
        }),
      ),
    })
    .nullish(),
})
const appsAnswer = z.object({
  // Without any, YARN answers with an empty object or null.
  apps: z.object({ app: z.array(z.object({ id: z.string(), name: z.string() })).nullish() }).nullish(),
})
const property = z.object({ property: z.object({ value: z.string() }) })

const MiB = 1024 * 1024
/** Spark's own defaults. */
const sparkMemory = '1g'
const overhead = { share: 0.1, least: 384 }

async function ask<T>({ cluster, tools }: ServicesLook, path: string, shape: z.ZodType<T>): Promise<T> {
  const { address, port } = cluster.endpoint('resourcemanager', 'http')
  const url = `http://${address}:${port}${path}`
  const response = await tools.http.request({
    method: 'GET',
    url,
    headers: { accept: 'application/json' },
    timeoutMs: 10_000,
    signal: tools.signal,
  })
  const text = await response.text(4 * MiB)
  try {
    return shape.parse(JSON.parse(text))
  } catch (cause) {
    throw new FailedError('YARN_ANSWER', `${url} answered ${response.status} with something that YARN does not say`, {
      cause,
    })
  }
}

const workers: ServiceCheck = {
  id: 'yarn-nodes',
  title: 'nodes of YARN',
  role: 'resourcemanager',
  each: 'site',
  async look(look) {
    const nodes = (await ask(look, '/ws/v1/cluster/nodes', nodesAnswer)).nodes?.node ?? []
    const waiting = (await ask(look, '/ws/v1/cluster/apps?states=ACCEPTED', appsAnswer)).apps?.app ?? []
    const sick = nodes.filter(({ state }) => state === 'UNHEALTHY')
    const lost = nodes.filter(({ state }) => state === 'LOST')
    const running = nodes.filter(({ state }) => state === 'RUNNING')
    const jobs =
      waiting.length === 0
        ? ''
        : `; ${plural(waiting.length, 'job')} in ACCEPTED: ${waiting
            .slice(0, 3)
            .map(({ name }) => name)
            .join(', ')}`
    if (sick.length > 0) {
      const text = sick.map(
        ({ nodeHostName, healthReport }) => `${nodeHostName}: ${healthReport?.trim() || 'unhealthy'}`,
      )
      return {
        state: 'bad',
        evidence: `${text.join('; ')}${jobs}`,
        cause: /local-dirs|log-dirs|usable space|full/i.test(text.join(' '))
          ? 'a disk of the NodeManager is fuller than YARN allows: the node gets no containers, and jobs stay in ACCEPTED'
          : 'the NodeManager takes itself for unhealthy: it gets no containers, and jobs stay in ACCEPTED',
        remedy: 'free space on that disk (du -xh | sort -h | tail): the node is healthy again within two minutes',
      }
    }
    const expected = look.cluster.hostsOf('nodemanager').length
    if (running.length < expected) {
      return {
        state: 'bad',
        evidence: `${running.length} of ${expected} NodeManagers active${lost.length > 0 ? `, lost: ${lost.map(({ nodeHostName }) => nodeHostName).join(', ')}` : ''}${jobs}`,
        cause: 'its process ended, or its host is down',
        remedy: 'smartcar cluster start yarn; smartcar cluster logs nodemanager says why it ended',
        start: 'yarn',
      }
    }
    return healthy(`${running.length} of ${expected} active${jobs}`)
  },
}

/** A setting of `spark-defaults.conf` in MiB. */
function sparkMiB(settings: ReadonlyMap<string, string>, name: string, otherwise: string): number {
  const text = settings.get(name) ?? otherwise
  // A number without a unit is MiB.
  return (parseMemory(/^\d+$/.test(text) ? `${text}M` : text) ?? 0) / MiB
}

/** What Spark asks YARN for: the heap, and what it sets aside beside it. */
function request(settings: ReadonlyMap<string, string>, part: 'executor' | 'driver'): number {
  const heap = sparkMiB(settings, `spark.${part}.memory`, sparkMemory)
  const beside = settings.get(`spark.${part}.memoryOverhead`)
  const extra =
    beside === undefined
      ? Math.max(overhead.least, heap * overhead.share)
      : sparkMiB(settings, `spark.${part}.memoryOverhead`, `${overhead.least}m`)
  return Math.ceil(heap + extra)
}

const container: ServiceCheck = {
  id: 'yarn-container',
  title: 'largest container of YARN',
  role: 'resourcemanager',
  each: 'site',
  async look(look) {
    const { cluster } = look
    const name = 'yarn.scheduler.maximum-allocation-mb'
    const [setting, answer] = await Promise.all([
      ask(look, `/conf?name=${name}`, property),
      ask(look, '/ws/v1/cluster/nodes', nodesAnswer),
    ])
    // A node that is unhealthy offers nothing, which is another check's word.
    const offered = (answer.nodes?.node ?? [])
      .filter(({ state }) => state === 'RUNNING')
      .map(({ usedMemoryMB, availMemoryMB }) => usedMemoryMB + availMemoryMB)
    const largest = Math.min(Number(setting.property.value), ...(offered.length === 0 ? [] : [Math.max(...offered)]))
    const [host] = [...cluster.hostsOf('spark-thriftserver'), ...cluster.hostsOf('resourcemanager')]
    const text = host === undefined ? '' : (spark.files(hostView(cluster, host))['spark/spark-defaults.conf'] ?? '')
    const settings = new Map(
      text.split('\n').map((line): [string, string] => {
        const split = line.indexOf(' ')
        return [line.slice(0, split), line.slice(split + 1).trim()]
      }),
    )
    const onYarn = settings.get('spark.master')?.startsWith('yarn') === true
    const parts = (['executor', 'driver'] as const).map((part) => ({ part, wanted: request(settings, part) }))
    const words = parts.map(({ part, wanted }) => `${part} ${wanted} MiB`).join(', ')
    const evidence = `${largest} MiB at most; Spark asks for ${words}${onYarn ? '' : ' (on YARN; its Thrift Server runs by itself)'}`
    const tooLarge = parts.filter(({ wanted }) => wanted > largest)
    if (tooLarge.length === 0) return healthy(evidence)
    return {
      state: onYarn ? 'bad' : 'warning',
      evidence,
      cause: `YARN refuses a Spark ${tooLarge.map(({ part }) => part).join(' and ')} of that size: “Required executor memory … is above the max threshold”`,
      remedy: `raise ${name} and yarn.nodemanager.resource.memory-mb (services.yarn.properties.yarn-site.xml), or lower spark.executor.memory (services.spark.properties.spark-defaults.conf)`,
    }
  },
}

export const yarnChecks: readonly ServiceCheck[] = [workers, container]
