/**
 * The parts of Flume 1.6 to 1.11 as data: short names, classes, properties with type, default and the versions that read
 * them. Read out of the constants and strings in the classes of flume-ng-core, -configuration, -node, the HDFS and Kafka
 * sinks, the TAILDIR and Kafka sources and the file, Kafka and spillable channels of 1.6.0, 1.7.0, 1.9.0 and 1.11.0; what
 * came between 1.7 and 1.9 or between 1.9 and 1.11 counts from the earlier of the two. Sinks for HBase, Hive and
 * Elasticsearch, the JDBC channel and the JMS source are from the user guide.
 */

/** 1.11.0 is 11. */
export type FlumeVersion = number

export const oldestFlume: FlumeVersion = 6
/** That of `provisioning/apache/versions.xml`. */
export const pinnedFlume: FlumeVersion = 11

/** `1.9`, `1.11.0` as a FlumeVersion; undefined for any other text and for versions that the tables do not cover. */
export function parseFlumeVersion(text: string): FlumeVersion | undefined {
  const minor = /^1\.(\d{1,2})(\.\d+)?$/.exec(text)?.[1]
  if (minor === undefined) return undefined
  return Number(minor) >= oldestFlume && Number(minor) <= pinnedFlume ? Number(minor) : undefined
}

export type ValueType = 'text' | 'integer' | 'boolean' | 'port' | 'regex' | 'brokers' | 'names' | 'bucket'

export interface PropertySpec {
  readonly type: ValueType
  /** The only values, where there are few. */
  readonly values?: readonly string[]
  /** Upper and lower case matter in `values`. */
  readonly exact?: boolean
  readonly least?: number
  readonly default?: string
  readonly required?: boolean
  /** First and last version that read it. */
  readonly since?: FlumeVersion
  readonly until?: FlumeVersion
  /** Flume finds out the other property by this one: Kafka's brokers through ZooKeeper. */
  readonly covers?: string
  /** Still read, but the new name is this. */
  readonly renamed?: { readonly to: string; readonly since: FlumeVersion }
}

export type Kind =
  | 'source'
  | 'channel'
  | 'sink'
  | 'interceptor'
  | 'selector'
  | 'processor'
  | 'serializer'
  | 'deserializer'
  | 'extractor'
  | 'config filter'

export interface ComponentSpec {
  readonly kind: Kind
  /** Short name as `type` takes it (upper and lower case do not matter), undefined where Flume has only the class. */
  readonly name?: string
  /** Full names of the class; the first is the one to show. */
  readonly classes: readonly string[]
  readonly since?: FlumeVersion
  readonly until?: FlumeVersion
  /** By name; a name that ends in `*` stands for every property that starts so. */
  readonly properties: Readonly<Record<string, PropertySpec>>
  /** Property with the events a transaction; Flume 1.9 and later compare it with the channel at start. */
  readonly batch?: readonly string[]
  /** Events come with headers of their own that the file does not show, among them perhaps `timestamp`. */
  readonly ownHeaders?: boolean
}

type Extra = Partial<Omit<PropertySpec, 'type'>>
const text = (value?: string, extra: Extra = {}): PropertySpec => ({
  type: 'text',
  ...(value === undefined ? {} : { default: value }),
  ...extra,
})
const needed = (extra: Extra & { readonly type?: ValueType } = {}): PropertySpec => ({
  type: 'text',
  required: true,
  ...extra,
})
const int = (value?: number, extra: Extra = {}): PropertySpec => ({
  type: 'integer',
  ...(value === undefined ? {} : { default: String(value) }),
  ...extra,
})
const flag = (value: boolean, extra: Extra = {}): PropertySpec => ({
  type: 'boolean',
  default: String(value),
  ...extra,
})
const oneOf = (values: readonly string[], value?: string, extra: Extra = {}): PropertySpec => ({
  type: 'text',
  values,
  ...(value === undefined ? {} : { default: value }),
  ...extra,
})
const regex = (value?: string, extra: Extra = {}): PropertySpec => ({
  type: 'regex',
  ...(value === undefined ? {} : { default: value }),
  ...extra,
})
const positive = { least: 1 }
const port: PropertySpec = { type: 'port', required: true }
const pollable = {
  backoffSleepIncrement: int(1000, { since: 7 }),
  maxBackoffSleep: int(5000, { since: 7 }),
}
const tls = {
  ssl: flag(false),
  keystore: text(),
  'keystore-password': text(),
  'keystore-type': text('JKS'),
  'exclude-protocols': text('SSLv3'),
  'include-protocols': text(undefined, { since: 8 }),
  'exclude-cipher-suites': text(undefined, { since: 8 }),
  'include-cipher-suites': text(undefined, { since: 8 }),
}
const clientHeaders = {
  clientIPHeader: text(undefined, { since: 8 }),
  clientHostnameHeader: text(undefined, { since: 8 }),
}
const kafkaTls = { 'ssl.disableTLSHostnameVerification': flag(false, { since: 10 }) }
const charsetPolicy = oneOf(['FAIL', 'REPLACE', 'IGNORE'], 'FAIL')

/** Properties that every component of a kind has. */
export const commonProperties: Readonly<Partial<Record<Kind, Readonly<Record<string, PropertySpec>>>>> = {
  source: {
    type: needed(),
    channels: { type: 'names', required: true },
    interceptors: { type: 'names' },
    'interceptors.*': text(),
    'selector.*': text(),
    'config.*': text(),
  },
  sink: { type: needed(), channel: needed(), 'config.*': text() },
  channel: { type: needed(), 'config.*': text() },
  interceptor: { type: needed() },
  selector: { type: text('replicating') },
  processor: { type: text('default') },
  extractor: { type: text('default'), name: needed() },
  'config filter': { type: needed() },
}

const sources: readonly ComponentSpec[] = [
  {
    kind: 'source',
    name: 'exec',
    classes: ['org.apache.flume.source.ExecSource'],
    batch: ['batchSize'],
    properties: {
      command: needed(),
      shell: text(),
      restart: flag(false),
      restartThrottle: int(10_000),
      logStdErr: flag(false),
      batchSize: int(20, positive),
      batchTimeout: int(3000),
      charset: text('UTF-8'),
    },
  },
  {
    kind: 'source',
    name: 'spooldir',
    classes: ['org.apache.flume.source.SpoolDirectorySource'],
    batch: ['batchSize'],
    properties: {
      spoolDir: needed(),
      fileSuffix: text('.COMPLETED'),
      deletePolicy: oneOf(['never', 'immediate'], 'never'),
      fileHeader: flag(false),
      fileHeaderKey: text('file'),
      basenameHeader: flag(false),
      basenameHeaderKey: text('basename'),
      includePattern: regex('^.*$', { since: 7 }),
      ignorePattern: regex('^$'),
      trackerDir: text('.flumespool'),
      trackingPolicy: oneOf(['rename', 'tracker_dir'], 'rename', { since: 8 }),
      consumeOrder: oneOf(['oldest', 'youngest', 'random'], 'oldest'),
      pollDelay: int(500, { since: 7 }),
      recursiveDirectorySearch: flag(false, { since: 7 }),
      maxBackoff: int(4000),
      batchSize: int(100, positive),
      inputCharset: text('UTF-8'),
      decodeErrorPolicy: charsetPolicy,
      deserializer: text('LINE'),
      'deserializer.*': text(),
      bufferMaxLines: int(100),
      bufferMaxLineLength: int(5000),
    },
  },
  {
    kind: 'source',
    name: 'TAILDIR',
    classes: ['org.apache.flume.source.taildir.TaildirSource'],
    since: 7,
    batch: ['batchSize'],
    properties: {
      filegroups: { type: 'names', required: true },
      'filegroups.*': text(),
      'headers.*': text(),
      positionFile: text('~/.flume/taildir_position.json'),
      byteOffsetHeader: flag(false),
      skipToEnd: flag(false),
      idleTimeout: int(120_000),
      writePosInterval: int(3000),
      batchSize: int(100, positive),
      maxBatchCount: int(undefined, { since: 8, least: 1 }),
      cachePatternMatching: flag(true),
      fileHeader: flag(false),
      fileHeaderKey: text('file'),
      ...pollable,
    },
  },
  {
    kind: 'source',
    name: 'avro',
    classes: ['org.apache.flume.source.AvroSource'],
    ownHeaders: true,
    properties: {
      bind: needed(),
      port,
      threads: int(undefined, positive),
      'compression-type': oneOf(['none', 'deflate'], 'none'),
      ipFilter: flag(false),
      ipFilterRules: text(),
      ...tls,
    },
  },
  {
    kind: 'source',
    name: 'thrift',
    classes: ['org.apache.flume.source.ThriftSource'],
    ownHeaders: true,
    properties: {
      bind: needed(),
      port,
      threads: int(undefined, positive),
      protocol: oneOf(['compact', 'binary'], 'compact'),
      kerberos: flag(false),
      'agent-principal': text(),
      'agent-keytab': text(),
      ...tls,
    },
  },
  {
    kind: 'source',
    name: 'netcat',
    classes: ['org.apache.flume.source.NetcatSource'],
    properties: {
      bind: needed(),
      port,
      'max-line-length': int(512),
      'ack-every-event': flag(true),
      encoding: text('utf-8', { since: 7 }),
    },
  },
  {
    kind: 'source',
    name: 'netcatudp',
    classes: ['org.apache.flume.source.NetcatUdpSource'],
    since: 8,
    properties: { bind: needed(), port, remoteAddress: text() },
  },
  {
    kind: 'source',
    classes: ['org.apache.flume.source.kafka.KafkaSource'],
    batch: ['batchSize'],
    ownHeaders: true,
    properties: {
      'kafka.bootstrap.servers': needed({ type: 'brokers', since: 7 }),
      'kafka.topics': text(undefined, { since: 7 }),
      'kafka.topics.regex': regex(undefined, { since: 7 }),
      'kafka.consumer.group.id': text('flume', { since: 7 }),
      'kafka.consumer.*': text(undefined, { since: 7 }),
      'kafka.*': text(undefined, { until: 6 }),
      batchSize: int(1000, positive),
      batchDurationMillis: int(1000),
      useFlumeEventFormat: flag(false, { since: 7 }),
      setTopicHeader: flag(true, { since: 8 }),
      topicHeader: text('topic', { since: 8 }),
      'header.*': text(undefined, { since: 10 }),
      migrateZookeeperOffsets: flag(true, { since: 7 }),
      zookeeperConnect: text(undefined, { covers: 'kafka.bootstrap.servers' }),
      topic: text(undefined, { renamed: { to: 'kafka.topics', since: 7 } }),
      groupId: text(undefined, { renamed: { to: 'kafka.consumer.group.id', since: 7 } }),
      ...kafkaTls,
      ...pollable,
    },
  },
  {
    kind: 'source',
    name: 'seq',
    classes: ['org.apache.flume.source.SequenceGeneratorSource'],
    batch: ['batchSize'],
    properties: { batchSize: int(1, positive), totalEvents: int(), ...pollable },
  },
  {
    kind: 'source',
    name: 'http',
    classes: ['org.apache.flume.source.http.HTTPSource'],
    ownHeaders: true,
    properties: {
      port,
      bind: text('0.0.0.0'),
      handler: text('org.apache.flume.source.http.JSONHandler'),
      'handler.*': text(),
      enableSSL: flag(false),
      keystorePassword: text(),
      excludeProtocols: text('SSLv3'),
      ...tls,
      'QueuedThreadPool.*': text(undefined, { since: 8 }),
      'HttpConfiguration.*': text(undefined, { since: 8 }),
      'SslContextFactory.*': text(undefined, { since: 8 }),
      'ServerConnector.*': text(undefined, { since: 8 }),
    },
  },
  {
    kind: 'source',
    name: 'syslogtcp',
    classes: ['org.apache.flume.source.SyslogTcpSource'],
    ownHeaders: true,
    properties: {
      host: needed(),
      port,
      eventSize: int(2500, positive),
      keepFields: text('none'),
      'format.*': text(),
      ...clientHeaders,
      ...tls,
    },
  },
  {
    kind: 'source',
    name: 'syslogudp',
    classes: ['org.apache.flume.source.SyslogUDPSource'],
    ownHeaders: true,
    properties: { host: needed(), port, keepFields: text('none'), 'format.*': text(), ...clientHeaders },
  },
  {
    kind: 'source',
    name: 'multiport_syslogtcp',
    classes: ['org.apache.flume.source.MultiportSyslogTCPSource'],
    batch: ['batchSize'],
    ownHeaders: true,
    properties: {
      host: needed(),
      ports: needed(),
      eventSize: int(2500, positive),
      keepFields: text('none'),
      portHeader: text(),
      'charset.default': text('UTF-8'),
      'charset.port.*': text(),
      batchSize: int(100, positive),
      readBufferBytes: int(1024, positive),
      numProcessors: int(undefined, positive),
      ...clientHeaders,
      ...tls,
    },
  },
  {
    kind: 'source',
    name: 'jms',
    classes: ['org.apache.flume.source.jms.JMSSource'],
    batch: ['batchSize'],
    ownHeaders: true,
    properties: {
      initialContextFactory: needed(),
      connectionFactory: text(),
      providerURL: needed(),
      destinationName: needed(),
      destinationType: oneOf(['queue', 'topic'], undefined, { required: true }),
      destinationLocator: oneOf(['CDI', 'JNDI'], 'CDI'),
      messageSelector: text(),
      userName: text(),
      passwordFile: text(),
      batchSize: int(100, positive),
      errorThreshold: int(10),
      pollTimeout: int(1000),
      'converter.*': text(),
      clientId: text(),
      createDurableSubscription: flag(false),
      durableSubscriptionName: text(),
      ...pollable,
    },
  },
  {
    kind: 'source',
    classes: ['org.apache.flume.source.StressSource'],
    batch: ['batchSize'],
    properties: {
      size: int(500),
      maxTotalEvents: int(-1),
      maxSuccessfulEvents: int(-1),
      maxEventsPerSecond: int(0, { since: 8 }),
      batchSize: int(1, positive),
      ...pollable,
    },
  },
]

const fileChannel: Readonly<Record<string, PropertySpec>> = {
  checkpointDir: text('~/.flume/file-channel/checkpoint'),
  backupCheckpointDir: text(),
  dataDirs: text('~/.flume/file-channel/data'),
  useDualCheckpoints: flag(false),
  compressBackupCheckpoint: flag(false),
  checkpointInterval: int(30_000, positive),
  checkpointOnClose: flag(true),
  maxFileSize: int(1_623_195_647),
  minimumRequiredSpace: int(524_288_000),
  capacity: int(1_000_000, positive),
  transactionCapacity: int(10_000, positive),
  'keep-alive': int(3),
  'use-log-replay-v1': flag(false),
  'use-fast-replay': flag(false),
  fsyncPerTransaction: flag(true),
  fsyncInterval: int(5),
  'encryption.*': text(),
}

const channels: readonly ComponentSpec[] = [
  {
    kind: 'channel',
    name: 'memory',
    classes: ['org.apache.flume.channel.MemoryChannel'],
    properties: {
      capacity: int(100, positive),
      transactionCapacity: int(100, positive),
      'keep-alive': int(3),
      byteCapacity: int(),
      byteCapacityBufferPercentage: int(20),
    },
  },
  { kind: 'channel', name: 'file', classes: ['org.apache.flume.channel.file.FileChannel'], properties: fileChannel },
  {
    kind: 'channel',
    name: 'spillablememory',
    classes: ['org.apache.flume.channel.SpillableMemoryChannel'],
    properties: {
      ...fileChannel,
      memoryCapacity: int(10_000),
      overflowCapacity: int(100_000_000),
      overflowTimeout: int(3),
      overflowDeactivationThreshold: int(5),
      avgEventSize: int(500),
      byteCapacity: int(),
      byteCapacityBufferPercentage: int(20),
    },
  },
  {
    kind: 'channel',
    name: 'jdbc',
    classes: ['org.apache.flume.channel.jdbc.JdbcChannel'],
    properties: {
      'db.*': text(),
      'driver.*': text(),
      'connection.*': text(),
      'transaction.*': text(),
      'maximum.*': text(),
      'sysprop.*': text(),
      'create.*': text(),
    },
  },
  {
    kind: 'channel',
    classes: ['org.apache.flume.channel.kafka.KafkaChannel'],
    properties: {
      'kafka.bootstrap.servers': needed({ type: 'brokers', since: 7 }),
      'kafka.topic': text('flume-channel', { since: 7 }),
      'kafka.consumer.*': text(undefined, { since: 7 }),
      'kafka.producer.*': text(undefined, { since: 7 }),
      'kafka.pollTimeout': int(500, { since: 7 }),
      'kafka.*': text(undefined, { until: 6 }),
      parseAsFlumeEvent: flag(true),
      migrateZookeeperOffsets: flag(true, { since: 7 }),
      defaultPartitionId: int(undefined, { since: 7, least: 0 }),
      partitionIdHeader: text(undefined, { since: 7 }),
      zookeeperConnect: text(),
      timeout: int(undefined, { renamed: { to: 'kafka.pollTimeout', since: 7 } }),
      readSmallestOffset: flag(false, { renamed: { to: 'kafka.consumer.auto.offset.reset', since: 7 } }),
      brokerList: { type: 'brokers', renamed: { to: 'kafka.bootstrap.servers', since: 7 } },
      topic: text(undefined, { renamed: { to: 'kafka.topic', since: 7 } }),
      groupId: text(undefined, { renamed: { to: 'kafka.consumer.group.id', since: 7 } }),
      ...kafkaTls,
    },
  },
]

const rpcClient: Readonly<Record<string, PropertySpec>> = {
  hostname: needed(),
  port,
  'batch-size': int(100, positive),
  'connect-timeout': int(20_000),
  'request-timeout': int(20_000),
  'reset-connection-interval': int(0),
  'max-attempts': int(),
  'client.type': text(),
  'host-selector': text(),
  hosts: text(),
  'hosts.*': text(),
  backoff: flag(false),
  maxBackoff: int(),
  maxConnections: int(5, positive),
  'connection-pool-size': int(5, positive),
  'trust-all-certs': flag(false),
  truststore: text(),
  'truststore-password': text(),
  'truststore-type': text('JKS'),
  ...tls,
}

const hbase: Readonly<Record<string, PropertySpec>> = {
  table: needed(),
  columnFamily: needed(),
  zookeeperQuorum: text(),
  'znode.parent': text('/hbase', { until: 6 }),
  znodeParent: text('/hbase'),
  batchSize: int(100, positive),
  coalesceIncrements: flag(false),
  serializer: text(),
  'serializer.*': text(),
  kerberosPrincipal: text(),
  kerberosKeytab: text(),
  enableWal: flag(true),
  timeout: int(60_000),
}

const sinks: readonly ComponentSpec[] = [
  {
    kind: 'sink',
    name: 'hdfs',
    classes: ['org.apache.flume.sink.hdfs.HDFSEventSink'],
    batch: ['hdfs.batchSize'],
    properties: {
      'hdfs.path': needed({ type: 'bucket' }),
      'hdfs.filePrefix': { type: 'bucket', default: 'FlumeData' },
      'hdfs.fileSuffix': text(''),
      'hdfs.inUsePrefix': text(''),
      'hdfs.inUseSuffix': text('.tmp'),
      'hdfs.emptyInUseSuffix': flag(false, { since: 8 }),
      'hdfs.rollInterval': int(30),
      'hdfs.rollSize': int(1024),
      'hdfs.rollCount': int(10),
      'hdfs.idleTimeout': int(0),
      'hdfs.batchSize': int(100, positive),
      'hdfs.codeC': text(),
      'hdfs.fileType': oneOf(['SequenceFile', 'DataStream', 'CompressedStream'], 'SequenceFile'),
      'hdfs.maxOpenFiles': int(5000, positive),
      'hdfs.minBlockReplicas': int(undefined, { least: 0 }),
      'hdfs.writeFormat': oneOf(['Text', 'Writable'], 'Writable', { exact: true }),
      'hdfs.threadsPoolSize': int(10, positive),
      'hdfs.rollTimerPoolSize': int(1, positive),
      'hdfs.callTimeout': int(30_000, positive),
      'hdfs.kerberosPrincipal': text(),
      'hdfs.kerberosKeytab': text(),
      'hdfs.proxyUser': text(),
      'hdfs.round': flag(false),
      'hdfs.roundValue': int(1, positive),
      'hdfs.roundUnit': oneOf(['second', 'minute', 'hour'], 'second'),
      'hdfs.timeZone': text(),
      'hdfs.useLocalTimeStamp': flag(false),
      'hdfs.closeTries': int(0),
      'hdfs.retryInterval': int(180),
      'hdfs.append.support': flag(false),
      'hdfs.useRawLocalFileSystem': flag(false),
      serializer: text('TEXT'),
      'serializer.*': text(),
    },
  },
  {
    kind: 'sink',
    classes: ['org.apache.flume.sink.kafka.KafkaSink'],
    batch: ['flumeBatchSize', 'batchSize'],
    properties: {
      'kafka.bootstrap.servers': needed({ type: 'brokers', since: 7 }),
      'kafka.topic': text('default-flume-topic', { since: 7 }),
      'kafka.producer.acks': oneOf(['0', '1', '-1', 'all'], '1', { since: 7 }),
      'kafka.producer.*': text(undefined, { since: 7 }),
      'kafka.*': text(undefined, { until: 6 }),
      flumeBatchSize: int(100, { since: 7, least: 1 }),
      useFlumeEventFormat: flag(false, { since: 7 }),
      defaultPartitionId: int(undefined, { since: 7, least: 0 }),
      partitionIdHeader: text(undefined, { since: 7 }),
      allowTopicOverride: flag(true, { since: 8 }),
      topicHeader: text('topic', { since: 8 }),
      timestampHeader: text(undefined, { since: 10 }),
      'header.*': text(undefined, { since: 10 }),
      brokerList: { type: 'brokers', renamed: { to: 'kafka.bootstrap.servers', since: 7 } },
      topic: text('default-flume-topic', { renamed: { to: 'kafka.topic', since: 7 } }),
      requiredAcks: oneOf(['0', '1', '-1'], '1', { renamed: { to: 'kafka.producer.acks', since: 7 } }),
      batchSize: int(100, { renamed: { to: 'flumeBatchSize', since: 7 }, least: 1 }),
      'serializer.class': text(undefined, { renamed: { to: 'kafka.producer.value.serializer', since: 7 } }),
      'key.serializer.class': text(undefined, { renamed: { to: 'kafka.producer.key.serializer', since: 7 } }),
      ...kafkaTls,
    },
  },
  {
    kind: 'sink',
    name: 'logger',
    classes: ['org.apache.flume.sink.LoggerSink'],
    properties: { maxBytesToLog: int(16) },
  },
  {
    kind: 'sink',
    name: 'null',
    classes: ['org.apache.flume.sink.NullSink'],
    batch: ['batchSize'],
    properties: { batchSize: int(100, positive), logEveryNEvents: int(10_000, positive) },
  },
  {
    kind: 'sink',
    name: 'avro',
    classes: ['org.apache.flume.sink.AvroSink'],
    batch: ['batch-size'],
    properties: {
      ...rpcClient,
      'compression-type': oneOf(['none', 'deflate'], 'none'),
      'compression-level': int(6),
      maxIoWorkers: int(undefined, positive),
    },
  },
  {
    kind: 'sink',
    name: 'thrift',
    classes: ['org.apache.flume.sink.ThriftSink'],
    batch: ['batch-size'],
    properties: {
      ...rpcClient,
      protocol: oneOf(['compact', 'binary'], 'compact'),
      kerberos: flag(false),
      'client-principal': text(),
      'client-keytab': text(),
      'server-principal': text(),
    },
  },
  {
    kind: 'sink',
    name: 'file_roll',
    classes: ['org.apache.flume.sink.RollingFileSink'],
    batch: ['sink.batchSize'],
    properties: {
      'sink.directory': needed(),
      'sink.pathManager': text('DEFAULT', { since: 7 }),
      'sink.pathManager.*': text(undefined, { since: 7 }),
      'sink.rollInterval': int(30),
      'sink.serializer': text('TEXT'),
      'sink.serializer.*': text(),
      'sink.batchSize': int(100, positive),
    },
  },
  {
    kind: 'sink',
    name: 'hbase',
    classes: ['org.apache.flume.sink.hbase.HBaseSink'],
    batch: ['batchSize'],
    properties: hbase,
  },
  {
    kind: 'sink',
    name: 'hbase2',
    classes: ['org.apache.flume.sink.hbase2.HBase2Sink'],
    since: 9,
    batch: ['batchSize'],
    properties: hbase,
  },
  {
    kind: 'sink',
    name: 'asynchbase',
    classes: ['org.apache.flume.sink.hbase.AsyncHBaseSink'],
    batch: ['batchSize'],
    properties: { ...hbase, 'async.*': text() },
  },
  {
    kind: 'sink',
    name: 'hive',
    classes: ['org.apache.flume.sink.hive.HiveSink'],
    batch: ['batchSize'],
    properties: {
      'hive.metastore': needed(),
      'hive.database': needed(),
      'hive.table': needed(),
      'hive.partition': { type: 'bucket' },
      'hive.txnsPerBatchAsk': int(100, positive),
      heartBeatInterval: int(240),
      autoCreatePartitions: flag(true),
      batchSize: int(15_000, positive),
      maxOpenConnections: int(500, positive),
      callTimeout: int(10_000),
      serializer: needed(),
      'serializer.*': text(),
      roundUnit: oneOf(['second', 'minute', 'hour'], 'minute'),
      roundValue: int(1),
      round: flag(false),
      timeZone: text(),
      useLocalTimeStamp: flag(false),
      idleTimeout: int(0),
    },
  },
  {
    kind: 'sink',
    name: 'http',
    classes: ['org.apache.flume.sink.http.HttpSink'],
    since: 8,
    properties: {
      endpoint: needed(),
      connectTimeout: int(5000),
      requestTimeout: int(5000),
      contentTypeHeader: text('text/plain'),
      acceptHeader: text('text/plain'),
      defaultBackoff: flag(true),
      defaultRollback: flag(true),
      defaultIncrementMetrics: flag(false),
      'backoff.*': flag(true),
      'rollback.*': flag(true),
      'incrementMetrics.*': flag(false),
    },
  },
  {
    kind: 'sink',
    name: 'irc',
    classes: ['org.apache.flume.sink.irc.IRCSink'],
    properties: {
      hostname: needed(),
      port: int(6667),
      nick: needed(),
      user: text(),
      password: text(),
      chan: needed(),
      name: text(),
      splitlines: flag(false),
      splitchars: text(),
    },
  },
  {
    kind: 'sink',
    name: 'elasticsearch',
    classes: ['org.apache.flume.sink.elasticsearch.ElasticSearchSink'],
    batch: ['batchSize'],
    properties: {
      hostNames: needed(),
      indexName: text('flume'),
      indexType: text('logs'),
      clusterName: text('elasticsearch'),
      batchSize: int(100, positive),
      ttl: text(),
      client: text(),
      'client.*': text(),
      serializer: text(),
      'serializer.*': text(),
      indexNameBuilder: text(),
      'indexNameBuilder.*': text(),
    },
  },
  {
    kind: 'sink',
    name: 'morphline_solr',
    classes: ['org.apache.flume.sink.solr.morphline.MorphlineSolrSink'],
    batch: ['batchSize'],
    properties: {
      morphlineFile: needed(),
      morphlineId: text(),
      batchSize: int(1000, positive),
      batchDurationMillis: int(1000),
      handlerClass: text(),
      'morphlineVariable.*': text(),
      isProductionMode: flag(false),
      recoverableExceptionClasses: text(),
      isIgnoringRecoverableExceptions: flag(false),
    },
  },
]

const interceptorClass = (name: string) => [`org.apache.flume.interceptor.${name}$Builder`]
const interceptors: readonly ComponentSpec[] = [
  {
    kind: 'interceptor',
    name: 'timestamp',
    classes: interceptorClass('TimestampInterceptor'),
    properties: { preserveExisting: flag(false), headerName: text('timestamp', { since: 8 }) },
  },
  {
    kind: 'interceptor',
    name: 'host',
    classes: interceptorClass('HostInterceptor'),
    properties: { preserveExisting: flag(false), useIP: flag(true), hostHeader: text('host') },
  },
  {
    kind: 'interceptor',
    name: 'static',
    classes: interceptorClass('StaticInterceptor'),
    properties: { preserveExisting: flag(true), key: text('key'), value: text('value') },
  },
  {
    kind: 'interceptor',
    name: 'regex_filter',
    classes: interceptorClass('RegexFilteringInterceptor'),
    properties: { regex: regex('.*'), excludeEvents: flag(false) },
  },
  {
    kind: 'interceptor',
    name: 'regex_extractor',
    classes: interceptorClass('RegexExtractorInterceptor'),
    properties: {
      regex: regex(undefined, { required: true }),
      serializers: { type: 'names', required: true },
      'serializers.*': text(),
    },
  },
  {
    kind: 'interceptor',
    name: 'search_replace',
    classes: interceptorClass('SearchAndReplaceInterceptor'),
    properties: {
      searchPattern: regex(undefined, { required: true }),
      replaceString: text(''),
      charset: text('UTF-8'),
    },
  },
  {
    kind: 'interceptor',
    name: 'remove_header',
    classes: interceptorClass('RemoveHeaderInterceptor'),
    since: 8,
    properties: { withName: text(), fromList: text(), fromListSeparator: regex('\\s*,\\s*'), matching: regex() },
  },
  {
    kind: 'interceptor',
    classes: ['org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder'],
    properties: { headerName: text('id'), preserveExisting: flag(true), prefix: text('') },
  },
]

const selectorClass = (name: string) => [`org.apache.flume.channel.${name}ChannelSelector`]
const selectors: readonly ComponentSpec[] = [
  {
    kind: 'selector',
    name: 'replicating',
    classes: selectorClass('Replicating'),
    properties: { optional: { type: 'names' } },
  },
  {
    kind: 'selector',
    name: 'multiplexing',
    classes: selectorClass('Multiplexing'),
    properties: {
      header: text('flume.selector.header'),
      default: { type: 'names' },
      'mapping.*': { type: 'names' },
      'optional.*': { type: 'names' },
    },
  },
  {
    kind: 'selector',
    name: 'load_balancing',
    classes: selectorClass('LoadBalancing'),
    since: 10,
    properties: { policy: text('round_robin') },
  },
]

const processors: readonly ComponentSpec[] = [
  { kind: 'processor', name: 'default', classes: ['org.apache.flume.sink.DefaultSinkProcessor'], properties: {} },
  {
    kind: 'processor',
    name: 'failover',
    classes: ['org.apache.flume.sink.FailoverSinkProcessor'],
    properties: { 'priority.*': int(), maxpenalty: int(30_000) },
  },
  {
    kind: 'processor',
    name: 'load_balance',
    classes: ['org.apache.flume.sink.LoadBalancingSinkProcessor'],
    properties: { backoff: flag(false), selector: text('round_robin'), 'selector.*': text() },
  },
]

const serializers: readonly ComponentSpec[] = [
  {
    kind: 'serializer',
    name: 'text',
    classes: ['org.apache.flume.serialization.BodyTextEventSerializer$Builder'],
    properties: { appendNewline: flag(true) },
  },
  {
    kind: 'serializer',
    name: 'header_and_text',
    classes: ['org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder'],
    properties: { appendNewline: flag(true) },
  },
  {
    kind: 'serializer',
    name: 'avro_event',
    classes: ['org.apache.flume.serialization.FlumeEventAvroEventSerializer$Builder'],
    properties: { syncIntervalBytes: int(2_048_000), compressionCodec: text('null') },
  },
  {
    kind: 'deserializer',
    name: 'line',
    classes: ['org.apache.flume.serialization.LineDeserializer$Builder'],
    properties: { maxLineLength: int(2048, positive), outputCharset: text('UTF-8') },
  },
  {
    kind: 'deserializer',
    name: 'avro',
    classes: ['org.apache.flume.serialization.AvroEventDeserializer$Builder'],
    properties: { schemaType: oneOf(['HASH', 'LITERAL'], 'HASH') },
  },
  {
    kind: 'deserializer',
    classes: ['org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder'],
    properties: { maxBlobLength: int(100_000_000, positive) },
  },
  {
    kind: 'extractor',
    name: 'default',
    classes: ['org.apache.flume.interceptor.RegexExtractorInterceptorPassThroughSerializer'],
    properties: {},
  },
  {
    kind: 'extractor',
    classes: ['org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer'],
    properties: { pattern: needed() },
  },
]

const configFilters: readonly ComponentSpec[] = [
  {
    kind: 'config filter',
    name: 'env',
    classes: ['org.apache.flume.configfilter.EnvironmentVariableConfigFilter'],
    since: 9,
    properties: {},
  },
  {
    kind: 'config filter',
    name: 'hadoop',
    classes: ['org.apache.flume.configfilter.HadoopCredentialStoreConfigFilter'],
    since: 9,
    properties: { 'credential.*': text() },
  },
  {
    kind: 'config filter',
    name: 'external',
    classes: ['org.apache.flume.configfilter.ExternalProcessConfigFilter'],
    since: 9,
    properties: { command: needed(), charset: text('UTF-8') },
  },
]

/** Every known component. */
export const components: readonly ComponentSpec[] = [
  ...sources,
  ...channels,
  ...sinks,
  ...interceptors,
  ...selectors,
  ...processors,
  ...serializers,
  ...configFilters,
]

/** The component that a `type` names, by short name (any case) or by class; undefined for a custom or a wrong one. */
export function findComponent(kind: Kind, type: string): ComponentSpec | undefined {
  return components.find(
    (spec) => spec.kind === kind && (spec.name?.toLowerCase() === type.toLowerCase() || spec.classes.includes(type)),
  )
}

/** What a `type` of this kind may be in `version`: short names, then classes that have none. */
export function typeNames(kind: Kind, version: FlumeVersion): readonly string[] {
  return components
    .filter((spec) => spec.kind === kind && inVersion(spec, version))
    .map((spec) => spec.name ?? (spec.classes[0] as string))
}

/** Whether `version` knows a component or reads a property. */
export function inVersion(
  { since = oldestFlume, until = Number.POSITIVE_INFINITY }: { since?: FlumeVersion; until?: FlumeVersion },
  version: FlumeVersion,
): boolean {
  return version >= since && version <= until
}

/** Properties of a component with those of its kind. */
export function propertiesOf(spec: ComponentSpec): Readonly<Record<string, PropertySpec>> {
  return { ...commonProperties[spec.kind], ...spec.properties }
}

/** The property that `key` is: by its name, else by the longest `prefix.*`. */
export function findProperty(
  properties: Readonly<Record<string, PropertySpec>>,
  key: string,
  version: FlumeVersion,
): { readonly name: string; readonly spec: PropertySpec } | undefined {
  const exact = Object.hasOwn(properties, key) ? properties[key] : undefined
  if (exact !== undefined && inVersion(exact, version)) return { name: key, spec: exact }
  const prefix = Object.keys(properties)
    .filter((name) => name.endsWith('*') && key.startsWith(name.slice(0, -1)) && key.length >= name.length)
    .filter((name) => inVersion(properties[name] as PropertySpec, version))
    .sort((a, b) => b.length - a.length)[0]
  return prefix === undefined ? undefined : { name: prefix, spec: properties[prefix] as PropertySpec }
}
