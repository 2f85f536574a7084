import { bytes, duration, number, plural, rate } from './format.js'
import { table } from './table.js'

interface Topic {
  readonly topic: string
  readonly partitions: number
  readonly replication: number
}

export function topicsText(topics: readonly Topic[]): string {
  if (topics.length === 0) return 'there are no topics: smartcar kafka topic create makes one\n'
  return table(
    [{ title: 'topic' }, { title: 'partitions', align: 'right' }, { title: 'replicas', align: 'right' }],
    topics.map(({ topic, partitions, replication }) => [topic, String(partitions), String(replication)]),
  )
}

interface Description {
  readonly topic: string
  readonly rows: number
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
    readonly inSync: readonly number[]
    readonly low: number
    readonly high: number
  }[]
  readonly config: Readonly<Record<string, string>>
}

/** `600000 (10 min 00 s)` for settings in milliseconds. */
function setting(name: string, value: string): string {
  const amount = Number(value)
  if (value === '-1') return `${value} (no limit)`
  if (name.endsWith('.ms') && amount >= 1000) return `${value} (${duration(amount)})`
  return name.endsWith('.bytes') && amount >= 1000 ? `${value} (${bytes(amount)})` : value
}

export function topicText({ topic, rows, partitions, config }: Description): string {
  const behind = partitions.filter(({ replicas, inSync }) => inSync.length < replicas.length)
  const settings = Object.entries(config).map(([name, value]) => `  ${name} = ${setting(name, value)}\n`)
  return [
    `${topic}: ${plural(rows, 'row')} in ${plural(partitions.length, 'partition')}\n`,
    table(
      [
        { title: 'partition', align: 'right' },
        { title: 'leader', align: 'right' },
        { title: 'replicas' },
        { title: 'in sync' },
        { title: 'first offset', align: 'right' },
        { title: 'end', align: 'right' },
        { title: 'rows', align: 'right' },
      ],
      partitions.map(({ partition, leader, replicas, inSync, low, high }) => [
        String(partition),
        leader < 0 ? 'none' : String(leader),
        replicas.join(' '),
        inSync.join(' '),
        number(low),
        number(high),
        number(high - low),
      ]),
    ),
    settings.length === 0
      ? "settings: all the broker's\n"
      : `settings that differ from the broker's:\n${settings.join('')}`,
    behind.length === 0 ? '' : `${plural(behind.length, 'partition')} with replicas that are behind\n`,
  ].join('')
}

export function createdText(result: Description & { readonly outcome: string }): string {
  return `${result.outcome} ${result.topic}, ${plural(result.partitions.length, 'partition')}\n`
}

export function alteredText({
  topic,
  changed,
}: {
  readonly topic: string
  readonly changed: readonly string[]
}): string {
  return changed.length === 0 ? `${topic}: unchanged\n` : changed.map((change) => `${topic}: ${change}\n`).join('')
}

interface Delivery {
  readonly topic: string
  readonly rows: number
  readonly bytes: number
  readonly sentBytes: number
  readonly resent: number
  readonly ms: number
  readonly partitions: readonly {
    readonly partition: number
    readonly rows: number
    readonly first: number
    readonly last: number
  }[]
}

export function producedText({ topic, rows, bytes: size, sentBytes, resent, partitions, ms }: Delivery): string {
  const lines = partitions.map(
    (one) =>
      `  partition ${one.partition}: ${plural(one.rows, 'row')}, offsets ${number(one.first)} to ${number(one.last)}\n`,
  )
  const again = resent === 0 ? '' : `, ${plural(resent, 'batch', 'batches')} sent again (none is there twice)`
  const head = `${plural(rows, 'row')} delivered to ${topic} in ${duration(ms)}`
  return `${head}, ${rate(rows, ms)}, ${bytes(size)} as ${bytes(sentBytes)}${again}\n${lines.join('')}`
}

export function lagText(result: {
  readonly group: string
  readonly lag: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly committed?: number
    readonly end: number
    readonly lag: number
  }[]
}): string {
  const head = `${result.group} is ${plural(result.lag, 'row')} behind\n`
  if (result.partitions.length === 0) return head
  return (
    head +
    table(
      [
        { title: 'topic' },
        { title: 'partition', align: 'right' },
        { title: 'committed', align: 'right' },
        { title: 'end', align: 'right' },
        { title: 'lag', align: 'right' },
      ],
      result.partitions.map(({ topic, partition, committed, end, lag }) => [
        topic,
        String(partition),
        committed === undefined ? 'nothing' : number(committed),
        number(end),
        number(lag),
      ]),
    )
  )
}

export function groupsText(
  groups: readonly {
    readonly group: string
    readonly state: string
    readonly members: number
    readonly clients: readonly string[]
    readonly topics: readonly string[]
    readonly lag: number
  }[],
): string {
  if (groups.length === 0) return 'no group has read anything yet\n'
  return table(
    [
      { title: 'group' },
      { title: 'state' },
      { title: 'members', align: 'right' },
      { title: 'lag', align: 'right' },
      { title: 'topics' },
      { title: 'clients' },
    ],
    groups.map(({ group, state, members, lag, topics, clients }) => [
      group,
      state,
      String(members),
      number(lag),
      topics.join(' '),
      clients.join(' '),
    ]),
  )
}
