import path from 'node:path'
import type { Cluster, ClusterHost } from '../../core/cluster/cluster.js'
import { javaPropertiesText } from './properties.js'

/** The agent's name in its file, and what `-n` starts (pilot.md, section 3). */
export const agentName = 'SmartCar_Agent'

/** Names that Flume's parts have in the file, in its log and in its metrics. */
export const agentParts = {
  batch: { source: 'SmartCarInfo_SpoolSource', channel: 'SmartCarInfo_Channel', sink: 'SmartCarInfo_HdfsSink' },
  drive: { source: 'DriverCarInfo_TailSource', channel: 'DriverCarInfo_Channel', sink: 'DriverCarInfo_KafkaSink' },
} as const

/** Root of the collected rows on HDFS. */
export const collectFolder = '/pilot-pjt/collect'
export const logType = 'car-batch-log'
const MiB = 1024 * 1024

/** What the site says of its agent, with every default filled in; paths are those of one host. */
export interface FlumeSettings {
  readonly channel: 'file' | 'memory'
  readonly spool: string
  readonly tail: readonly string[]
  /** seconds */
  readonly idleTimeout: number
  readonly topic: string
  /** Folder for channels and positions. */
  readonly data: string
}

/** Settings of the agent on one host. */
export function flumeSettings(cluster: Cluster, host: ClusterHost): FlumeSettings {
  const set = cluster.settings.flume
  const data = path.posix.join(host.folders.data, 'flume')
  const tail = set?.tail ?? path.posix.join(data, 'tail', 'SmartCarDriverInfo.log')
  return {
    channel: set?.channel ?? 'file',
    spool: set?.spool ?? path.posix.join(data, 'spool', logType),
    tail: typeof tail === 'string' ? [tail] : tail,
    idleTimeout: set?.idle_timeout ?? 100,
    topic: set?.topic ?? 'SmartCar-Topic',
    data,
  }
}

/** Folders that have to be there before the agent starts: it makes its own ones, but not those it reads from. */
export function agentFolders(cluster: Cluster, host: ClusterHost): readonly string[] {
  const { spool, tail, data } = flumeSettings(cluster, host)
  return [...new Set([data, spool, ...tail.map((file) => path.posix.dirname(file))])]
}

interface Section {
  /** Lines above the settings, without `#`. */
  readonly comment: readonly string[]
  readonly settings: Readonly<Record<string, string | number | boolean>>
}

function under(prefix: string, settings: Section['settings']): Section['settings'] {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${prefix}.${key}`, value]))
}

function channelSection(name: string, { channel, data }: FlumeSettings): Section {
  const sizes = { capacity: 100_000, transactionCapacity: 10_000 }
  const prefix = `channels.${name}`
  if (channel === 'memory') {
    return {
      comment: ['In memory, as in the pilot: what has not reached its sink is lost when the agent dies.'],
      settings: under(prefix, { type: 'memory', ...sizes }),
    }
  }
  return {
    comment: ['On disk: nothing is lost when the agent or the host dies.'],
    settings: under(prefix, {
      type: 'file',
      checkpointDir: path.posix.join(data, 'channels', name, 'checkpoint'),
      dataDirs: path.posix.join(data, 'channels', name, 'data'),
      ...sizes,
      // Flume's own 1.6 GB a file, and at least two of them a channel, are too much for the pilot's hosts.
      maxFileSize: 128 * MiB,
      minimumRequiredSpace: 100 * MiB,
    }),
  }
}

/** A literal file name as the regular expression that TAILDIR takes it for; its folder stays as it is. */
function tailPattern(file: string): string {
  const name = path.posix.basename(file).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return path.posix.join(path.posix.dirname(file), '/') + name
}

function batchSections(cluster: Cluster, host: ClusterHost, settings: FlumeSettings): Section[] {
  const { source, channel, sink } = agentParts.batch
  const namenode = cluster.endpoint('namenode', 'rpc')
  // Two agents that write below one folder must not choose the same file name.
  const filePrefix = cluster.hostsOf('flume').length > 1 ? `%{logType}-${host.name}` : '%{logType}'
  return [
    {
      comment: [
        'Batch path: a file that is moved here is read once, row by row, and deleted.',
        'Write a file elsewhere, or as .tmp, and rename it into the folder: Flume refuses a file that still changes.',
      ],
      settings: under(`sources.${source}`, {
        type: 'spooldir',
        channels: channel,
        spoolDir: settings.spool,
        ignorePattern: '^(\\..*|.*\\.tmp)$',
        deletePolicy: 'immediate',
        batchSize: 1000,
        // One byte that is no UTF-8 would stop the source for good.
        decodeErrorPolicy: 'REPLACE',
      }),
    },
    {
      comment: [
        'Header lines are dropped. The day of a row is that in its first eight characters, taken as text: the clock 240000',
        'keeps its day, and a date that no calendar has is filed as it stands instead of stopping the source.',
      ],
      settings: under(`sources.${source}`, {
        interceptors: 'filterInterceptor typeInterceptor dayInterceptor',
        'interceptors.filterInterceptor.type': 'regex_filter',
        'interceptors.filterInterceptor.regex': '^\\d{14}',
        'interceptors.filterInterceptor.excludeEvents': false,
        'interceptors.typeInterceptor.type': 'static',
        'interceptors.typeInterceptor.key': 'logType',
        'interceptors.typeInterceptor.value': logType,
        'interceptors.dayInterceptor.type': 'regex_extractor',
        'interceptors.dayInterceptor.regex': '^(\\d{8})',
        'interceptors.dayInterceptor.serializers': 'day',
        'interceptors.dayInterceptor.serializers.day.name': 'wrk_date',
      }),
    },
    channelSection(channel, settings),
    {
      comment: [
        'A file is closed at 64 MB, or when no row has come for the idle time-out; until then it ends in .tmp.',
      ],
      settings: under(`sinks.${sink}`, {
        type: 'hdfs',
        channel,
        'hdfs.path': `hdfs://${namenode.node}:${namenode.port}${collectFolder}/%{logType}/wrk_date=%{wrk_date}`,
        'hdfs.filePrefix': filePrefix,
        'hdfs.fileSuffix': '.log',
        'hdfs.fileType': 'DataStream',
        'hdfs.writeFormat': 'Text',
        'hdfs.batchSize': 10_000,
        'hdfs.rollInterval': 0,
        'hdfs.rollCount': 0,
        'hdfs.rollSize': 64 * MiB,
        'hdfs.idleTimeout': settings.idleTimeout,
        'hdfs.callTimeout': 600_000,
        'hdfs.threadsPoolSize': 10,
      }),
    },
  ]
}

function driveSections(cluster: Cluster, settings: FlumeSettings): Section[] {
  const { source, channel, sink } = agentParts.drive
  const brokers = cluster.endpoints('kafka', 'client').map(({ address, port }) => `${address}:${port}`)
  // Throws the error that names the missing role.
  cluster.endpoint('kafka', 'client')
  const groups = settings.tail.map((file, index): [string, string] => [`drive${index + 1}`, tailPattern(file)])
  return [
    {
      comment: ['Real-time path: rows as they are appended; the position file says where to go on after a restart.'],
      settings: under(`sources.${source}`, {
        type: 'TAILDIR',
        channels: channel,
        positionFile: path.posix.join(settings.data, 'taildir_position.json'),
        filegroups: groups.map(([name]) => name).join(' '),
        ...Object.fromEntries(groups.map(([name, pattern]) => [`filegroups.${name}`, pattern])),
        batchSize: 1000,
        interceptors: 'filterInterceptor',
        'interceptors.filterInterceptor.type': 'regex_filter',
        'interceptors.filterInterceptor.regex': '^\\d{14}',
        'interceptors.filterInterceptor.excludeEvents': false,
      }),
    },
    channelSection(channel, settings),
    {
      comment: [],
      settings: under(`sinks.${sink}`, {
        type: 'org.apache.flume.sink.kafka.KafkaSink',
        channel,
        'kafka.bootstrap.servers': brokers.join(','),
        'kafka.topic': settings.topic,
        'kafka.producer.acks': 1,
        'kafka.producer.linger.ms': 5,
        flumeBatchSize: 1000,
      }),
    },
  ]
}

/**
 * The agent of the pilot as a properties file for one host (pilot.md, section 3). Settings of the site under
 * `services.flume.properties."agent.conf"` replace those of the same name, others are put at the end.
 * Throws UsageError ROLE_NOT_PLACED when the site has no name node or no broker.
 */
export function agentFile(cluster: Cluster, host: ClusterHost): string {
  const settings = flumeSettings(cluster, host)
  const paths = Object.values(agentParts)
  const own = cluster.properties('flume', 'agent.conf')
  const list = (part: 'source' | 'channel' | 'sink') => paths.map((names) => names[part]).join(' ')
  const sections: Section[] = [
    {
      comment: [
        `Flume agent ${agentName} of ${host.name}.`,
        'Written by smartcar from the site file: changes made here are undone by the next smartcar provision.',
      ],
      settings: { sources: list('source'), channels: list('channel'), sinks: list('sink') },
    },
    ...batchSections(cluster, host, settings),
    ...driveSections(cluster, settings),
  ]
  const written = new Set(sections.flatMap((section) => Object.keys(under(agentName, section.settings))))
  const further = Object.entries(own).filter(([key]) => !written.has(key))
  const text = (comment: readonly string[], entries: readonly (readonly [string, string | number | boolean])[]) =>
    comment.map((line) => `# ${line}\n`).join('') + javaPropertiesText(entries)
  return [
    ...sections.map(({ comment, settings: values }) =>
      text(
        comment,
        Object.entries(under(agentName, values)).map(([key, value]) => [key, own[key] ?? value] as const),
      ),
    ),
    ...(further.length === 0 ? [] : [text(['Further settings of the site.'], further)]),
  ].join('\n')
}

/**
 * log4j of the agent, to the console: what starts a service keeps and rotates what it prints. Reader of the file is
 * reload4j, which Flume 1.11 brings with it; older ones read the same.
 */
export function agentLog4j(cluster: Cluster): string {
  const settings = {
    'log4j.rootLogger': 'INFO, console',
    'log4j.appender.console': 'org.apache.log4j.ConsoleAppender',
    'log4j.appender.console.target': 'System.err',
    'log4j.appender.console.layout': 'org.apache.log4j.PatternLayout',
    'log4j.appender.console.layout.ConversionPattern': '%d{ISO8601} %p %c{2}: %m%n',
    // One line for every block that moves.
    'log4j.logger.org.apache.hadoop': 'WARN',
    'log4j.logger.org.apache.kafka': 'WARN',
    ...cluster.properties('flume', 'log4j.properties'),
  }
  return javaPropertiesText(Object.entries(settings))
}
