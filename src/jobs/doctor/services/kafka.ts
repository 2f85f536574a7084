import type { ClusterHost } from '../../../core/cluster/cluster.js'
import { UnreachableError } from '../../../core/errors.js'
import { shellPrelude } from '../../../core/plan/batch.js'
import { runScript } from '../../../core/plan/shell/shell-step.js'
import { shellQuote } from '../../../core/transport.js'
import { duration } from '../../../render/format.js'
import type { EventLog } from '../../../services/kafka/client.js'
import { topicOf } from '../../../services/kafka/pilot-topic.js'
import { kafkaClusterId } from '../../../services/zookeeper/client.js'
import { healthy, type ServiceCheck, type ServicesLook } from '../check.js'
import { logLines, repair, short } from './tools.js'

const hour = 3_600_000
const lagPauseMs = 2000

const metaFile = (host: ClusterHost) => `${host.folders.data}/kafka/meta.properties`

async function storedId({ world }: ServicesLook, host: ClusterHost): Promise<string | undefined> {
  const script = `${shellPrelude}sed -n 's/^cluster\\.id=//p' ${shellQuote(metaFile(host))} 2>/dev/null || :`
  const { stdout } = await world.shell(host.name, script)
  return stdout.trim() === '' ? undefined : stdout.trim()
}

const metaProperties: ServiceCheck = {
  id: 'kafka-cluster-id',
  title: 'cluster id of Kafka',
  role: 'kafka',
  each: 'host',
  offline: true,
  async look(look, host) {
    const [stored, known, said] = await Promise.all([
      storedId(look, host),
      kafkaClusterId(look.cluster, look.tools).catch((error: unknown) => {
        // Without ZooKeeper the log alone says it.
        if (error instanceof UnreachableError) return undefined
        throw error
      }),
      logLines(look, host, 'kafka', 'InconsistentClusterIdException', 400),
    ])
    const last = said.at(-1)
    const running = look.runs('kafka', host.name)
    const clash = stored !== undefined && known !== undefined && stored !== known
    const logged = last !== undefined && !running && (known === undefined || stored === undefined)
    if (!clash && !logged)
      return healthy(stored === undefined ? 'it has never started here' : `${stored} in meta.properties and ZooKeeper`)
    return {
      state: 'bad',
      evidence: [
        ...(stored === undefined ? [] : [`meta.properties: ${stored}`]),
        ...(known === undefined ? [] : [`ZooKeeper: ${known}`]),
        ...(last === undefined ? [] : [`its log says: ${short(last)}`]),
      ].join('; '),
      cause:
        "the broker's data are of another cluster than ZooKeeper's: one of the two was deleted, copied or restored alone",
      remedy: `give back the data that belong together; or give up what this broker has stored: smartcar doctor --fix --confirm ${look.cluster.name} moves meta.properties away, and topics have to be made anew (smartcar provision)`,
      severe: true,
      start: 'kafka',
      repair: repair(
        {
          id: `repair/meta-properties@${host.name}`,
          title: 'let the broker join the cluster that ZooKeeper knows',
          reason: 'it refuses to start over meta.properties; rows that it has stored are given up',
          host: host.name,
        },
        async () => {
          const now = await storedId(look, host)
          return now === undefined || now === known
            ? []
            : [{ kind: 'delete', summary: `move ${metaFile(host)} to meta.properties.old`, before: now }]
        },
        async (world) => {
          const file = shellQuote(metaFile(host))
          await runScript(world, host.name, `mv -f ${file} ${file}.old`, { command: 'move meta.properties away' })
        },
      ),
    }
  },
}

/** What a broker keeps rows for when the topic does not say: the site's setting, in milliseconds. */
function brokerRetention(settings: Readonly<Record<string, string>>): number | undefined {
  const value = (name: string, unit: number) =>
    settings[name] === undefined ? undefined : Number(settings[name]) * unit
  return value('log.retention.ms', 1) ?? value('log.retention.minutes', 60_000) ?? value('log.retention.hours', hour)
}

const retention: ServiceCheck = {
  id: 'kafka-retention',
  title: 'retention of the drive rows',
  role: 'kafka',
  each: 'site',
  async look({ cluster, kafka }, host) {
    const topic = topicOf(cluster)
    const own = () =>
      kafka(async (log) => {
        if (!(await log.topics()).some((one) => one.topic === topic)) return undefined
        return { ms: (await log.describe(topic)).config['retention.ms'] }
      })
    const found = await own()
    if (found === undefined) {
      return {
        state: 'warning',
        evidence: `there is no topic ${topic}`,
        cause: 'it was deleted, or Kafka was provisioned without it',
        remedy: 'smartcar provision makes it',
      }
    }
    const set = found.ms
    const broker = brokerRetention(cluster.properties('kafka', 'server.properties'))
    const ms = set === undefined ? broker : Number(set)
    if (ms === undefined) return healthy(`${topic}: a week, the default`)
    if (ms < 0 || ms >= hour) return healthy(`${topic}: ${ms < 0 ? 'for ever' : duration(ms)}`)
    const evidence = `${topic} keeps rows for ${duration(ms)}`
    const cause = 'the pilot’s 10 minutes: whatever Storm has not read by then is gone without a word'
    if (set === undefined) {
      return {
        state: 'bad',
        evidence: `${evidence} (log.retention of the broker)`,
        cause,
        remedy: 'take the setting out of services.kafka.properties in the site file, then smartcar provision',
      }
    }
    return {
      state: 'bad',
      evidence,
      cause,
      remedy: `smartcar kafka topic alter ${topic} --retention 7d; smartcar doctor --fix takes the topic's own setting away`,
      repair: repair(
        {
          id: `repair/retention@${host.name}`,
          title: `keep the rows of ${topic} as long as the broker keeps others`,
          reason: 'readers that stand for a while lose rows',
          host: host.name,
        },
        async () => {
          const now = (await own())?.ms
          return now === undefined ? [] : [{ kind: 'update', summary: `reset retention.ms of ${topic}`, before: now }]
        },
        () => kafka((log) => log.alter({ topic, set: {}, reset: ['retention.ms'] })),
      ),
    }
  },
}

async function lags(kafka: EventLog): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (const { group } of await kafka.groups()) {
    for (const { topic, lag } of await kafka.lag(group)) {
      const key = `${group} on ${topic}`
      found.set(key, (found.get(key) ?? 0) + lag)
    }
  }
  return found
}

const lag: ServiceCheck = {
  id: 'kafka-lag',
  title: 'lag of the readers',
  role: 'kafka',
  each: 'site',
  async look({ kafka, world }) {
    const before = await kafka(lags)
    const behind = [...before].filter(([, rows]) => rows > 0)
    if (behind.length === 0) return healthy(before.size === 0 ? 'nobody reads by a group' : 'nobody is behind')
    await world.clock.sleep(lagPauseMs, world.signal)
    const after = await kafka(lags)
    const growing = behind.flatMap(([key, rows]) => {
      const now = after.get(key) ?? 0
      return now > rows ? [`${key}: ${rows} -> ${now} rows in ${duration(lagPauseMs)}`] : []
    })
    if (growing.length === 0)
      return healthy(behind.map(([key, rows]) => `${key}: ${rows} rows, not growing`).join(', '))
    return {
      state: 'warning',
      evidence: growing.join('; '),
      cause: 'the reader is slower than the writer, or does not run: alerts in Redis come late',
      remedy:
        'smartcar kafka groups shows its members; more partitions (smartcar kafka topic alter) let more of them read',
    }
  },
}

export const kafkaChecks: readonly ServiceCheck[] = [metaProperties, retention, lag]
