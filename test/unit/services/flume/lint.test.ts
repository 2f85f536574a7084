import { describe, expect, it } from 'vitest'
import { type FlumeVersion, parseFlumeVersion } from '../../../../src/services/flume/components.js'
import { lintAgentFile } from '../../../../src/services/flume/lint.js'

/** A small agent without anything to find; `replace` changes one of its lines, `add` puts lines at its end. */
const clean = `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = spooldir
a1.sources.r1.spoolDir = /data/spool
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
`
const add = (lines: string) => `${clean}${lines}\n`
function replace(from: string, to: string): string {
  if (!clean.includes(`${from}\n`)) throw new Error(`there is no line ${from}`)
  return clean.replace(`${from}\n`, `${to}\n`)
}
const hdfs = (lines: string) =>
  replace(
    'a1.sinks.k1.type = logger',
    `a1.sinks.k1.type = hdfs
a1.sinks.k1.hdfs.rollInterval = 0
a1.sinks.k1.hdfs.rollSize = 67108864
a1.sinks.k1.hdfs.rollCount = 0
a1.sinks.k1.hdfs.idleTimeout = 60
${lines}`,
  )
const kafka = (lines: string) =>
  replace('a1.sinks.k1.type = logger', `a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink\n${lines}`)
const kafkaOk = kafka('a1.sinks.k1.kafka.bootstrap.servers = server02:9092\na1.sinks.k1.kafka.topic = t')
const interceptor = (lines: string) => add(`a1.sources.r1.interceptors = i1\n${lines}`)

interface Case {
  /** `«` marks the place that is to be reported. */
  readonly text: string
  readonly rule: string
  readonly says?: string | RegExp
  readonly severity?: 'error' | 'warning' | 'info'
  readonly version?: FlumeVersion
  readonly agent?: string
}

/** Exactly one finding, at the mark. */
function expectFinding({ text, rule, says, severity = 'error', version, agent }: Case): void {
  const mark = text.indexOf('«')
  const before = text.slice(0, mark).split('\n')
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  const options = { ...(version === undefined ? {} : { version }), ...(agent === undefined ? {} : { agent }) }
  const found = lintAgentFile(text.replace('«', ''), options)
  expect(found).toEqual([expect.objectContaining({ severity, rule, ...place })])
  if (says !== undefined) expect(`${found[0]?.message}\n${found[0]?.hint}`).toMatch(says)
}

it('finds nothing in a file without mistakes, in any version', () => {
  for (let version = 6; version <= 11; version++) {
    expect(lintAgentFile(clean, { version })).toEqual([])
    if (version > 6) expect(lintAgentFile(kafkaOk, { version })).toEqual([])
  }
})

describe('agents and names', () => {
  it.each<[string, Case]>([
    ['no agent', { text: '«', rule: 'agent-none' }],
    [
      'a misspelt agent',
      {
        text:
          clean
            .replaceAll('a1.', 'SmartCar_Agent.')
            .replace('SmartCar_Agent.sinks.k1.type', '«SmartCar_Agnet.sinks.k1.type') +
          'SmartCar_Agent.sinks.k1.type = null\n',
        rule: 'agent-name',
        says: /one line.*did you mean "SmartCar_Agent"/,
      },
    ],
    [
      'an agent that is not in the file',
      { text: `«${clean}`, rule: 'agent-unknown', agent: 'a', says: 'did you mean "a1"' },
    ],
    [
      'an agent that declares nothing',
      { text: add('«other.sources.x.y = 1'), rule: 'agent-name', says: 'declares no' },
    ],
    ['no agent before the dot', { text: add('«sources = r1'), rule: 'agent-missing' }],
    ['no value', { text: add('«a1.sources.r1.batchSize ='), rule: 'value-missing' }],
    [
      'a second part that is none',
      { text: add('a1.«source.r1.batchSize = 10'), rule: 'part-unknown', says: 'did you mean "sources"' },
    ],
    [
      'config filters before 1.9',
      { text: add('a1.«configfilters = f1'), rule: 'part-unknown', version: 8, says: '1.9' },
    ],
    ['no property', { text: add('a1.«sources.r1 = spooldir'), rule: 'property-missing' }],
    ['a byte order mark', { text: `«\ufeff${clean}`, rule: 'byte-order-mark' }],
    [
      'characters that are not ISO 8859-1 safe',
      { text: add('a1.sources.r1.fileSuffix = .«완료'), rule: 'encoding', severity: 'warning' },
    ],
    [
      'commas in a list',
      {
        text:
          replace('a1.channels = c1', 'a1.channels = c1«, c2') +
          'a1.channels.c2.type = file\na1.channels.c2.checkpointDir = /c\na1.channels.c2.dataDirs = /d\na1.sources.r2.type = seq\n'.slice(
            0,
            -24,
          ) +
          'a1.sinks.k1.channel = c1\n'.slice(25),
        rule: 'list-separator',
        says: 'write c1 c2',
      },
    ],
    [
      'a name twice',
      { text: replace('a1.sinks = k1', 'a1.sinks = k1 «k1'), rule: 'list-repeated', severity: 'warning' },
    ],
    ['declared and not configured', { text: replace('a1.sinks = k1', 'a1.sinks = k1 «k2'), rule: 'not-configured' }],
    ['configured and not declared', { text: add('«a1.sinks.z9.type = logger'), rule: 'not-listed', says: 'a1.sinks' }],
    [
      'a list that is missing',
      {
        text: replace('a1.sinks = k1', '').replace('a1.sinks.k1', '«a1.sinks.k1'),
        rule: 'list-missing',
        says: 'add a1.sinks = k1',
      },
    ],
    ['set twice, differently', { text: add('«a1.sinks.k1.type = null'), rule: 'duplicate', says: 'line 8' }],
    ['set twice, the same', { text: add('«a1.sinks.k1.type = logger'), rule: 'duplicate', severity: 'warning' }],
    ['a \\u that Java refuses', { text: add('a1.sources.r1.fileSuffix = «\\u00zz'), rule: 'unicode-escape' }],
    ['a comment behind a value', { text: add('a1.sources.r1.batchSize = 100 «# rows'), rule: 'trailing-comment' }],
    [
      'blanks behind a value',
      { text: add('a1.sources.r1.batchSize = 100« '), rule: 'trailing-blank', severity: 'warning' },
    ],
    [
      'a backslash that does not continue',
      { text: add('a1.sources.r1.fileSuffix = .done«\\ '), rule: 'continuation', severity: 'warning' },
    ],
  ])('%s', (name, given) => {
    if (name === 'commas in a list') {
      const found = lintAgentFile(given.text.replace('«', ''))
      expect(found[0]).toMatchObject({ rule: 'list-separator', line: 2, column: 17, hint: 'write c1 c2' })
      return
    }
    expectFinding(given)
  })

  it('names the lines of a misspelt agent by number when another is started', () => {
    const found = lintAgentFile(`SmartCar_Agnt.sinks.k1.type = null\n${clean.replaceAll('a1.', 'SmartCar_Agent.')}`, {
      agent: 'SmartCar_Agent',
    })
    expect(found).toEqual([expect.objectContaining({ rule: 'agent-name', line: 1, column: 1 })])
  })

  it('takes two whole agents with near names for two agents', () => {
    const second = clean.replaceAll('a1.', 'a2.').replace('/data/spool', '/data/other')
    expect(lintAgentFile(clean + second)).toEqual([])
  })
})

describe('types and properties', () => {
  it.each<[string, Case]>([
    [
      'no type',
      {
        text: replace('a1.sources.r1.type = spooldir', '').replace('a1.sources.r1.spoolDir', '«a1.sources.r1.spoolDir'),
        rule: 'type-missing',
      },
    ],
    [
      'a misspelt type',
      {
        text: replace('a1.sinks.k1.type = logger', 'a1.sinks.k1.type = «loger'),
        rule: 'type-unknown',
        says: 'did you mean "logger"',
      },
    ],
    [
      'a short name that Flume does not have',
      {
        text: replace('a1.sinks.k1.type = logger', 'a1.sinks.k1.type = «kafka'),
        rule: 'type-unknown',
        says: 'write org.apache.flume.sink.kafka.KafkaSink',
      },
    ],
    [
      'a misspelt class',
      {
        text: replace('a1.sinks.k1.type = logger', 'a1.sinks.k1.type = «org.apache.flume.sink.LogerSink'),
        rule: 'type-unknown',
        says: 'LoggerSink',
      },
    ],
    [
      'an interceptor without $Builder',
      {
        text: interceptor('a1.sources.r1.interceptors.i1.type = «org.apache.flume.interceptor.HostInterceptor'),
        rule: 'type-unknown',
        says: 'HostInterceptor$Builder',
      },
    ],
    [
      'a type of a later version',
      {
        text: replace('a1.sources.r1.type = spooldir', 'a1.sources.r1.type = «TAILDIR').replace(
          'a1.sources.r1.spoolDir',
          'a1.sources.r1.filegroups',
        ),
        rule: 'type-version',
        version: 6,
        says: '1.7',
      },
    ],
    [
      'a misspelt property',
      { text: add('«a1.sources.r1.batchsiz = 10'), rule: 'property-unknown', says: 'did you mean "batchSize"' },
    ],
    [
      'a property in the wrong case',
      { text: add('«a1.sources.r1.batchsize = 10'), rule: 'property-unknown', says: 'did you mean "batchSize"' },
    ],
    [
      'a property without its prefix',
      {
        text: hdfs('a1.sinks.k1.hdfs.path = /x\n«a1.sinks.k1.fileType = DataStream'),
        rule: 'property-unknown',
        says: 'did you mean "hdfs.fileType"',
      },
    ],
    [
      'a property that nothing is near to',
      { text: add('«a1.sources.r1.colour = red'), rule: 'property-unknown', severity: 'warning' },
    ],
    [
      'a property of a later version',
      {
        text: add('«a1.sources.r1.trackingPolicy = rename'),
        rule: 'property-version',
        version: 7,
        says: 'from Flume 1.8 on',
      },
    ],
    [
      'a property that is needed',
      {
        text: replace('a1.sources.r1.spoolDir = /data/spool', '').replace('a1.sources.r1.type', '«a1.sources.r1.type'),
        rule: 'property-required',
        says: 'spoolDir',
      },
    ],
    [
      'a name of Flume 1.6',
      {
        text: kafka('«a1.sinks.k1.topic = t\na1.sinks.k1.kafka.bootstrap.servers = a:1'),
        rule: 'property-renamed',
        severity: 'warning',
        says: 'write kafka.topic',
      },
    ],
    [
      'an option of the producer',
      {
        text: kafkaOk.replace(
          'a1.sinks.k1.kafka.topic',
          '«a1.sinks.k1.kafka.producer.acs = 1\na1.sinks.k1.kafka.topic',
        ),
        rule: 'property-unknown',
        severity: 'warning',
        says: '"acks"',
      },
    ],
    ['no number', { text: add('a1.sources.r1.batchSize = «10,000'), rule: 'value', says: 'write 10000' }],
    [
      'a size with a unit',
      {
        text: hdfs('a1.sinks.k1.hdfs.path = /x\na1.sinks.k1.hdfs.maxOpenFiles = «64k'),
        rule: 'value',
        says: 'write 65536',
      },
    ],
    ['a number too small', { text: add('a1.sources.r1.batchSize = «0'), rule: 'value', says: 'at least 1' }],
    ['no truth', { text: add('a1.sources.r1.fileHeader = «yes'), rule: 'value', says: 'false' }],
    [
      'a port',
      {
        text: replace(
          'a1.sources.r1.type = spooldir',
          'a1.sources.r1.type = netcat\na1.sources.r1.bind = 0.0.0.0\na1.sources.r1.port = «70000',
        ).replace('a1.sources.r1.spoolDir = /data/spool\n', ''),
        rule: 'value',
        says: '65535',
      },
    ],
    [
      'one of few values',
      { text: add('a1.sources.r1.deletePolicy = «imediate'), rule: 'value', says: 'did you mean "immediate"' },
    ],
    [
      'a value whose case matters',
      {
        text: hdfs('a1.sinks.k1.hdfs.path = /x\na1.sinks.k1.hdfs.writeFormat = «text'),
        rule: 'value',
        says: 'did you mean "Text"',
      },
    ],
    [
      'a regular expression',
      { text: add('a1.sources.r1.ignorePattern = «*.tmp'), rule: 'regex', says: 'repeats nothing' },
    ],
    [
      'an eaten backslash',
      {
        text: interceptor(
          'a1.sources.r1.interceptors.i1.type = regex_filter\na1.sources.r1.interceptors.i1.regex = ^«\\d{14}',
        ),
        rule: 'backslash',
        says: /Flume reads \^d\{14\}[\s\S]*write \^\\\\d\{14\}/,
      },
    ],
    [
      'an eaten backslash before a dot',
      {
        text: add('a1.sources.r1.ignorePattern = ^.*«\\.tmp$'),
        rule: 'backslash',
        severity: 'warning',
        says: 'write ^.*\\\\.tmp$',
      },
    ],
    [
      'brokers separated by blanks',
      {
        text: kafka('a1.sinks.k1.kafka.bootstrap.servers = a:9092« b:9092'),
        rule: 'brokers',
        says: 'write a:9092,b:9092',
      },
    ],
    [
      'brokers without a port',
      { text: kafka('a1.sinks.k1.kafka.bootstrap.servers = a:9092,«b'), rule: 'brokers', says: 'b has no port' },
    ],
    [
      'a serializer',
      {
        text: hdfs('a1.sinks.k1.hdfs.path = /x\na1.sinks.k1.serializer = «txt'),
        rule: 'type-unknown',
        says: 'did you mean "text"',
      },
    ],
    [
      'a property of a deserializer',
      { text: add('«a1.sources.r1.deserializer.maxLineLenght = 10'), rule: 'property-unknown', says: 'maxLineLength' },
    ],
  ])('%s', (_, given) => {
    expectFinding(given)
  })

  it('takes classes of one’s own, names in any case and values that are filled in later', () => {
    const text = add(`a1.sources.r1.interceptors = i1 i2
a1.sources.r1.interceptors.i1.type = com.example.Mine$Builder
a1.sources.r1.interceptors.i1.anything = 1
a1.sources.r1.interceptors.i2.type = HOST
a1.sources.r1.batchSize = \${env:BATCH}`)
    expect(lintAgentFile(text)).toEqual([])
  })

  it('reads the names of 1.6 without a word when the version is 1.6, and refuses later ones', () => {
    const old = kafka('a1.sinks.k1.brokerList = a:9092\na1.sinks.k1.topic = t\na1.sinks.k1.requiredAcks = 1')
    expect(lintAgentFile(old, { version: 6 })).toEqual([])
    expect(lintAgentFile(kafkaOk, { version: 6 }).map(({ rule }) => rule)).toEqual(['property-required'])
  })
})

describe('wiring', () => {
  const two = `${clean.replace('a1.channels = c1', 'a1.channels = c1 c2')}«a1.channels.c2.type = jdbc\n`
  it.each<[string, Case]>([
    [
      'a source with channel',
      {
        text: replace('a1.sources.r1.channels = c1', '«a1.sources.r1.channel = c1'),
        rule: 'channel-property',
        says: 'write channels',
      },
    ],
    [
      'a sink with channels',
      {
        text: replace('a1.sinks.k1.channel = c1', '«a1.sinks.k1.channels = c1'),
        rule: 'channel-property',
        says: 'write channel',
      },
    ],
    ['a channel of no one', { text: two, rule: 'channel-unused', says: 'no source and no sink' }],
    [
      'a channel without a sink',
      {
        text: two.replace('r1.channels = c1', 'r1.channels = c1 c2'),
        rule: 'channel-unused',
        says: 'emptied by no sink',
      },
    ],
    [
      'a channel without a source',
      {
        text: `${two.replace('k1\n', 'k1 k2\n')}a1.sinks.k2.type = null\na1.sinks.k2.channel = c2\n`,
        rule: 'channel-unused',
        severity: 'warning',
      },
    ],
    [
      'a sink with two channels',
      {
        text: `${two
          .replace('«', '')
          .replace('r1.channels = c1', 'r1.channels = c1 c2')
          .replace('k1\n', 'k1 k2\n')
          .replace('k1.channel = c1', 'k1.channel = «c1 c2')}a1.sinks.k2.type = null\na1.sinks.k2.channel = c2\n`,
        rule: 'channel-unknown',
        says: 'one channel',
      },
    ],
    [
      'capacity below transactionCapacity',
      { text: add('a1.channels.c1.capacity = «5000'), rule: 'capacity', says: '10000 (the default)' },
    ],
    [
      'a batch larger than the default of a channel',
      {
        text: `${replace('a1.channels.c1.type = file', 'a1.channels.c1.type = memory')}a1.sources.r1.batchSize = «1000\n`,
        rule: 'batch-size',
        says: 'transactionCapacity 100 (the default)',
      },
    ],
    [
      'two sources on a folder',
      {
        text:
          replace('a1.sources = r1', 'a1.sources = r1 r2') +
          'a1.sources.r2.type = spooldir\na1.sources.r2.channels = c1\na1.sources.r2.spoolDir = «/data/spool/\n',
        rule: 'shared',
        says: 'source r1',
      },
    ],
    [
      'two TAILDIR with one position file',
      {
        text:
          clean.replace('= r1', '= r1 t1 t2') +
          ['t1', 't2']
            .map(
              (name) =>
                `${name === 't2' ? '«' : ''}a1.sources.${name}.type = TAILDIR\na1.sources.${name}.channels = c1\na1.sources.${name}.filegroups = f\na1.sources.${name}.filegroups.f = /log/${name}\n`,
            )
            .join(''),
        rule: 'shared',
        says: 'positionFile',
      },
    ],
    [
      'two sources on a port',
      {
        text:
          clean.replace('= r1', '= r1 n1 n2') +
          ['n1', 'n2']
            .map(
              (name) =>
                `a1.sources.${name}.type = netcat\na1.sources.${name}.channels = c1\na1.sources.${name}.bind = 0.0.0.0\na1.sources.${name}.port = ${name === 'n2' ? '«' : ''}4444\n`,
            )
            .join(''),
        rule: 'shared',
        says: 'port',
      },
    ],
    [
      'two file channels in one folder',
      {
        text:
          two
            .replace('«', '')
            .replace('jdbc', 'file\na1.channels.c2.checkpointDir = /c2\na1.channels.c2.dataDirs = «/d')
            .replace('r1.channels = c1', 'r1.channels = c1 c2')
            .replace('k1\n', 'k1 k2\n') +
          'a1.sinks.k2.type = null\na1.sinks.k2.channel = c2\na1.channels.c1.dataDirs = /e, /d\n',
        rule: 'shared',
        says: 'dataDirs',
      },
    ],
    [
      'a memory channel',
      {
        text: replace('a1.channels.c1.type = file', '«a1.channels.c1.type = memory'),
        rule: 'memory-channel',
        severity: 'info',
      },
    ],
    [
      'a selector that names a channel of another source',
      {
        text: add('a1.sources.r1.selector.type = multiplexing\na1.sources.r1.selector.default = «c2'),
        rule: 'channel-unknown',
        says: 'no channel of r1',
      },
    ],
    [
      'a tail by exec',
      {
        text: replace(
          'a1.sources.r1.type = spooldir',
          'a1.sources.r1.type = exec\na1.sources.r1.command = «tail -F /x',
        ).replace('a1.sources.r1.spoolDir = /data/spool\n', ''),
        rule: 'exec-tail',
        severity: 'info',
      },
    ],
    [
      'a group with a sink that is not there',
      {
        text: add('a1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1 «k2\na1.sinkgroups.g1.processor.type = failover'),
        rule: 'sink-unknown',
        says: 'did you mean "k1"',
      },
    ],
    [
      'a priority of a sink of another group',
      {
        text: add(
          'a1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1\na1.sinkgroups.g1.processor.type = failover\n«a1.sinkgroups.g1.processor.priority.k9 = 5',
        ),
        rule: 'sink-unknown',
      },
    ],
    [
      'a filegroup without a file',
      {
        text: replace(
          'a1.sources.r1.type = spooldir',
          'a1.sources.r1.type = TAILDIR\na1.sources.r1.filegroups = f1 «f2\na1.sources.r1.filegroups.f1 = /log/a',
        ).replace('a1.sources.r1.spoolDir = /data/spool\n', ''),
        rule: 'not-configured',
      },
    ],
    [
      'a shell pattern for TAILDIR',
      {
        text: replace(
          'a1.sources.r1.type = spooldir',
          'a1.sources.r1.type = TAILDIR\na1.sources.r1.filegroups = f1\na1.sources.r1.filegroups.f1 = /log/«*.log',
        ).replace('a1.sources.r1.spoolDir = /data/spool\n', ''),
        rule: 'regex',
        says: 'not a pattern of the shell',
      },
    ],
  ])('%s', (name, given) => {
    // A memory channel is always worth an info, which stands beside what is tried here.
    if (name === 'a batch larger than the default of a channel') {
      const found = lintAgentFile(given.text.replace('«', '')).filter(({ severity }) => severity === 'error')
      expect(found).toEqual([expect.objectContaining({ rule: 'batch-size', line: 10, column: 27 })])
      return
    }
    expectFinding(given)
  })

  it('says of a channel that does not exist which one was meant, and that the other is left over', () => {
    const found = lintAgentFile(replace('a1.sources.r1.channels = c1', 'a1.sources.r1.channels = C1'))
    expect(found.map(({ rule, line, column }) => [rule, line, column])).toEqual([
      ['channel-unknown', 6, 26],
      ['channel-unused', 7, 1],
    ])
    expect(found[0]?.message).toContain('did you mean "c1"')
  })

  it('says what a batch too large does, by version', () => {
    const text = add('a1.channels.c1.transactionCapacity = 50')
    const message = (version: number) => lintAgentFile(text, { version })[0]?.message
    expect(message(8)).toContain('it fails once')
    expect(message(9)).toContain('does not start')
  })

  it('leaves a Kafka channel alone that has one end', () => {
    const text = `a1.channels = c1\na1.sinks = k1\na1.sinks.k1.type = logger\na1.sinks.k1.channel = c1
a1.channels.c1.type = org.apache.flume.channel.kafka.KafkaChannel\na1.channels.c1.kafka.bootstrap.servers = a:9092\n`
    expect(lintAgentFile(text)).toEqual([])
  })
})

describe('interceptors', () => {
  const extractor = (regex: string, more = '') =>
    interceptor(`a1.sources.r1.interceptors.i1.type = regex_extractor
a1.sources.r1.interceptors.i1.regex = ${regex}
a1.sources.r1.interceptors.i1.serializers = s1
a1.sources.r1.interceptors.i1.serializers.s1.name = day${more}`)
  it.each<[string, Case]>([
    ['listed and not configured', { text: add('a1.sources.r1.interceptors = «i1'), rule: 'not-configured' }],
    ['configured and not listed', { text: add('«a1.sources.r1.interceptors.i1.type = host'), rule: 'not-listed' }],
    [
      'a misspelt type',
      {
        text: interceptor('a1.sources.r1.interceptors.i1.type = «regex_filer'),
        rule: 'type-unknown',
        says: 'regex_filter',
      },
    ],
    [
      'a misspelt property',
      {
        text: interceptor(
          'a1.sources.r1.interceptors.i1.type = regex_filter\n«a1.sources.r1.interceptors.i1.excludeEvent = false',
        ),
        rule: 'property-unknown',
        says: 'excludeEvents',
      },
    ],
    [
      'a regular expression without a group',
      { text: extractor('«^\\\\d{8}'), rule: 'regex-groups', says: 'the header day is never set' },
    ],
    [
      'a serializer without a name',
      {
        text: extractor('^(\\\\d{8})').replace(
          'a1.sources.r1.interceptors.i1.serializers.s1.name = day',
          '«a1.sources.r1.interceptors.i1.serializers.s1.type = default',
        ),
        rule: 'property-required',
        says: 'name',
      },
    ],
    [
      'a serializer that impossible dates break',
      {
        text: extractor(
          '^(\\\\d{14})',
          '\n«a1.sources.r1.interceptors.i1.serializers.s1.type = org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer\na1.sources.r1.interceptors.i1.serializers.s1.pattern = yyyyMMddHHmmss',
        ),
        rule: 'poison-date',
        severity: 'warning',
      },
    ],
  ])('%s', (_, given) => {
    expectFinding(given)
  })

  it('separated by commas', () => {
    const found = lintAgentFile(
      add(
        'a1.sources.r1.interceptors = i1,i2\na1.sources.r1.interceptors.i1.type = host\na1.sources.r1.interceptors.i2.type = timestamp',
      ),
    )
    expect(found).toEqual([
      expect.objectContaining({ rule: 'list-separator', line: 10, column: 32, hint: 'write i1 i2' }),
    ])
  })
})

describe('the HDFS sink', () => {
  it.each<[string, Case]>([
    [
      'a time in the path without a timestamp',
      { text: hdfs('a1.sinks.k1.hdfs.path = /log/«%Y%m%d'), rule: 'timestamp-missing', says: 'r1' },
    ],
    [
      'a header that nothing sets',
      {
        text: `${hdfs('a1.sinks.k1.hdfs.path = /log/«%{day}')}a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = static\na1.sources.r1.interceptors.i1.key = days\n`,
        rule: 'header-unknown',
        says: 'did you mean "days"',
      },
    ],
    ['an unknown escape', { text: hdfs('a1.sinks.k1.hdfs.path = /log/«%Q'), rule: 'escape', severity: 'warning' }],
    ['half a header', { text: hdfs('a1.sinks.k1.hdfs.path = /log/«%{day'), rule: 'escape' }],
    [
      'many small files',
      {
        text: replace(
          'a1.sinks.k1.type = logger',
          '«a1.sinks.k1.type = hdfs\na1.sinks.k1.hdfs.path = /x\na1.sinks.k1.hdfs.rollSize = 1000000',
        ),
        rule: 'small-files',
        severity: 'warning',
        says: 'after 30 seconds, after 10 rows',
      },
    ],
    [
      'files that stay open',
      {
        text: hdfs('a1.sinks.k1.hdfs.path = /x')
          .replace('a1.sinks.k1.hdfs.idleTimeout = 60\n', '')
          .replace('a1.sinks.k1.type', '«a1.sinks.k1.type'),
        rule: 'never-closed',
        severity: 'warning',
      },
    ],
    [
      'a codec that does not count',
      {
        text: hdfs(
          'a1.sinks.k1.hdfs.path = /x\na1.sinks.k1.hdfs.fileType = DataStream\n«a1.sinks.k1.hdfs.codeC = gzip',
        ),
        rule: 'codec',
      },
    ],
  ])('%s', (_, given) => {
    expectFinding(given)
  })

  it.each([
    'a1.sources.r1.interceptors.i1.type = timestamp',
    'a1.sources.r1.interceptors.i1.type = static\na1.sources.r1.interceptors.i1.key = timestamp\na1.sources.r1.interceptors.i1.value = 0',
    'a1.sources.r1.interceptors.i1.type = com.example.Time$Builder',
  ])('a timestamp from %s', (lines) => {
    expect(
      lintAgentFile(`${hdfs('a1.sinks.k1.hdfs.path = /log/%Y')}a1.sources.r1.interceptors = i1\n${lines}\n`),
    ).toEqual([])
  })

  it('the time of writing needs no header', () => {
    expect(lintAgentFile(hdfs('a1.sinks.k1.hdfs.path = /log/%Y\na1.sinks.k1.hdfs.useLocalTimeStamp = true'))).toEqual(
      [],
    )
  })
})

it('knows the versions 1.6 to 1.11', () => {
  expect(['1.6', '1.9.0', '1.11.0', '1.12', '2.0', '1.5.2', 'x', '1.11.0-SNAPSHOT'].map(parseFlumeVersion)).toEqual([
    6,
    9,
    11,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
