import { didYouMean } from '../../core/did-you-mean.js'
import { FailedError, UsageError } from '../../core/errors.js'
import type { EventLog, PartitionLag, TopicDescription } from '../../services/kafka/client.js'

const times: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const sizes: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** A setting's value as Kafka takes it: `10m`, `7d` for names in `.ms`, `1GiB` for names in `.bytes`, `forever`. */
export function settingValue(name: string, value: string): string {
  if (value === 'forever' && /\.(ms|bytes)$/.test(name)) return '-1'
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/.exec(value) ?? []
  if (amount === undefined || unit === undefined) return value
  if (name.endsWith('.ms')) {
    const factor = times[unit]
    if (factor !== undefined) return String(Math.round(Number(amount) * factor))
    throw new UsageError('KAFKA_SETTING', `${name}=${value} is no duration`, { hints: ['write it as 10m, 6h or 7d'] })
  }
  if (!name.endsWith('.bytes')) return value
  const factor = sizes[unit.toLowerCase().replace(/i?b$/, '')]
  if (factor !== undefined) return String(Math.round(Number(amount) * factor))
  throw new UsageError('KAFKA_SETTING', `${name}=${value} is no size`, { hints: ['write it as 512KiB, 64MiB or 1GiB'] })
}

/** `--config name=value` and `--retention 10m` as settings. */
export function parseSettings(given: readonly string[], retention: string | undefined): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const one of given) {
    const split = one.indexOf('=')
    if (split < 1)
      throw new UsageError('KAFKA_SETTING', `--config ${one} has no value`, {
        hints: ['write it as --config cleanup.policy=compact'],
      })
    const name = one.slice(0, split).trim()
    settings[name] = settingValue(name, one.slice(split + 1).trim())
  }
  if (retention !== undefined) settings['retention.ms'] = settingValue('retention.ms', retention)
  return settings
}

export interface CreatedTopic extends TopicDescription {
  readonly outcome: 'created' | 'unchanged'
}

/** Creates a topic. One that is there already is an error, unless `ifAbsent` and it has the partitions and settings asked for. */
export async function createTopic(
  log: EventLog,
  input: {
    readonly topic: string
    readonly partitions: number
    readonly replication: number
    readonly config: Readonly<Record<string, string>>
    readonly ifAbsent: boolean
  },
): Promise<CreatedTopic> {
  const created = await log.create(input)
  const description = await log.describe(input.topic)
  if (created) return { ...description, outcome: 'created' }
  const differs =
    description.partitions.length !== input.partitions ||
    Object.entries(input.config).some(([name, value]) => description.config[name] !== value)
  if (input.ifAbsent && !differs) return { ...description, outcome: 'unchanged' }
  throw new FailedError(
    'TOPIC_EXISTS',
    `the topic ${input.topic} is there already${differs ? ', with other partitions or settings' : ''}`,
    {
      hints: [
        `smartcar kafka topic describe ${input.topic} shows it`,
        differs ? `smartcar kafka topic alter ${input.topic} changes it` : '--if-absent takes it as it is',
      ],
      data: { ...description },
    },
  )
}

/** Changes partitions and settings; what is so already is left alone. */
export async function alterTopic(
  log: EventLog,
  input: {
    readonly topic: string
    readonly partitions?: number
    readonly set: Readonly<Record<string, string>>
    readonly reset: readonly string[]
  },
): Promise<TopicDescription & { readonly changed: readonly string[] }> {
  const before = await log.describe(input.topic)
  const set = Object.fromEntries(Object.entries(input.set).filter(([name, value]) => before.config[name] !== value))
  const reset = input.reset.filter((name) => name in before.config)
  const count = before.partitions.length
  if (input.partitions !== undefined && input.partitions < count) {
    throw new UsageError('KAFKA_PARTITIONS', `${input.topic} has ${count} partitions: their number can only grow`)
  }
  const grow = input.partitions !== undefined && input.partitions > count ? { partitions: input.partitions } : {}
  const changed = [
    ...('partitions' in grow ? [`partitions ${count} -> ${grow.partitions}`] : []),
    ...Object.entries(set).map(([name, value]) => `${name} ${before.config[name] ?? '(default)'} -> ${value}`),
    ...reset.map((name) => `${name} ${before.config[name]} -> (default)`),
  ]
  if (changed.length > 0) await log.alter({ topic: input.topic, ...grow, set, reset })
  return { ...(await log.describe(input.topic)), changed }
}

/** Deletes a topic and its rows; `confirm` has to be its name. */
export async function deleteTopic(
  log: EventLog,
  topic: string,
  confirm: string | undefined,
): Promise<{ readonly topic: string; readonly rows: number }> {
  const { rows } = await log.describe(topic)
  if (confirm !== topic) {
    throw new UsageError(
      confirm === undefined ? 'CONFIRMATION_NEEDED' : 'CONFIRMATION_WRONG',
      confirm === undefined
        ? `this deletes ${topic} with ${rows} rows, for good`
        : `--confirm ${confirm} is not the name of the topic, ${topic}`,
      { hints: [`say --confirm ${topic}`], data: { topic, rows } },
    )
  }
  await log.remove(topic)
  return { topic, rows }
}

export interface GroupRow {
  readonly group: string
  readonly state: string
  readonly members: number
  readonly clients: readonly string[]
  readonly topics: readonly string[]
  readonly lag: number
}

/** Every group with its members, topics and lag. */
export async function listGroups(log: EventLog): Promise<readonly GroupRow[]> {
  const groups = await log.groups()
  const rows: GroupRow[] = []
  for (const { group, state, members } of groups) {
    const lags = await log.lag(group)
    rows.push({
      group,
      state,
      members: members.length,
      clients: [...new Set(members.map(({ client, host }) => `${client}@${host}`))],
      topics: [...new Set(lags.map(({ topic }) => topic))],
      lag: lags.reduce((sum, { lag }) => sum + lag, 0),
    })
  }
  return rows
}

/** How far a group is behind. */
export async function groupLag(
  log: EventLog,
  group: string,
  topic: string | undefined,
): Promise<{ readonly group: string; readonly lag: number; readonly partitions: readonly PartitionLag[] }> {
  const partitions = await log.lag(group, topic)
  if (partitions.every(({ committed }) => committed === undefined)) {
    const known = (await log.groups()).map((one) => one.group)
    if (!known.includes(group)) {
      throw new FailedError('KAFKA_GROUP_ABSENT', `there is no group ${group}${didYouMean(group, known)}`, {
        hints: [known.length === 0 ? 'no group has read anything yet' : `there are ${known.slice(0, 10).join(', ')}`],
      })
    }
  }
  return { group, lag: partitions.reduce((sum, { lag }) => sum + lag, 0), partitions }
}
