import { didYouMean } from '../../core/did-you-mean.js'
import { listNames, type NamedPart, type Setting } from './agent-model.js'
import type { FlumeVersion } from './components.js'
import type { Findings } from './findings.js'
import type { Built, BuiltSource } from './lint-parts.js'
import { effectiveNumber, placeOf } from './lint-values.js'
import type { TextPlace } from './properties.js'

/** Which parts are on a channel, by the channel's name. */
interface Ends {
  readonly sources: ReadonlyMap<string, readonly BuiltSource[]>
  readonly sinks: ReadonlyMap<string, readonly Built[]>
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value])
}

/** Channels that sources and sinks name: the right property, names that exist, nothing left over. */
export function checkWiring(
  sources: readonly BuiltSource[],
  sinks: readonly Built[],
  channels: readonly Built[],
  declared: readonly string[],
  findings: Findings,
): Ends {
  const bySource = new Map<string, BuiltSource[]>()
  const bySink = new Map<string, Built[]>()
  const missing = (part: NamedPart, name: string, place: TextPlace) =>
    findings.error(
      'channel-unknown',
      place,
      `${part.title}: there is no channel ${name}${didYouMean(name, declared)}`,
      declared.length === 0 ? undefined : `channels of this agent: ${declared.join(' ')}`,
    )
  for (const source of sources) {
    const { part } = source
    const list = part.settings.get('channels')
    const wrong = part.settings.get('channel')
    if (wrong !== undefined) {
      findings.error(
        'channel-property',
        wrong.keyPlace,
        `${part.title}: a source has channels, not channel`,
        'write channels',
      )
    } else if (list === undefined) {
      findings.error('channel-missing', placeOf(part), `${part.title} has no channels: Flume removes it`)
    }
    const names = list ?? wrong
    for (const { name, place } of names === undefined ? [] : listNames(names, 'names of channels', findings)) {
      if (declared.includes(name)) push(bySource, name, source)
      else missing(part, name, place)
    }
  }
  for (const sink of sinks) {
    const { part } = sink
    const one = part.settings.get('channel')
    const wrong = part.settings.get('channels')
    if (wrong !== undefined) {
      findings.error(
        'channel-property',
        wrong.keyPlace,
        `${part.title}: a sink has one channel, not channels`,
        'write channel',
      )
    } else if (one === undefined) {
      findings.error('channel-missing', placeOf(part), `${part.title} has no channel: Flume removes it`)
    }
    const setting = one ?? wrong
    if (setting === undefined) continue
    const [name = '', ...more] = setting.value.split(/[\s,;]+/)
    if (more.length > 0) {
      findings.error(
        'channel-unknown',
        setting.at(0),
        `${part.title}: a sink reads one channel, not "${setting.value}"`,
        'make a sink for each channel',
      )
    }
    if (declared.includes(name)) push(bySink, name, sink)
    else missing(part, name, setting.at(0))
  }
  for (const { part, spec } of channels) {
    // Kafka is at the other end of its channel, for programs that are no Flume.
    const kafka = spec?.classes[0]?.endsWith('.KafkaChannel') === true
    const hasSource = bySource.has(part.name)
    const hasSink = bySink.has(part.name)
    if (!hasSource && !hasSink) {
      findings.error('channel-unused', part.place, `${part.title} is used by no source and no sink: Flume removes it`)
    } else if (!hasSource && !kafka) {
      findings.warning('channel-unused', part.place, `${part.title} is filled by no source`)
    } else if (!hasSink && !kafka) {
      findings.error(
        'channel-unused',
        part.place,
        `${part.title} is emptied by no sink: it runs full and its sources stop`,
      )
    }
  }
  return { sources: bySource, sinks: bySink }
}

/** Events that a source or sink moves in one transaction, with the defaults of Flume. */
function batchOf({
  part,
  spec,
}: Built): { readonly value: number; readonly name: string; readonly setting?: Setting } | undefined {
  if (spec?.batch === undefined) return undefined
  const name = spec.batch.find((each) => part.settings.has(each)) ?? spec.batch[0]
  const found = name === undefined ? undefined : effectiveNumber(spec, part, name)
  return name === undefined || found === undefined ? undefined : { ...found, name }
}

/** Sizes of channels and of what uses them, defaults included: a misspelt key leaves Flume's small default in force. */
export function checkCapacities(
  channels: readonly Built[],
  ends: Ends,
  version: FlumeVersion,
  findings: Findings,
): void {
  for (const { part, spec } of channels) {
    if (spec === undefined) continue
    const transaction = effectiveNumber(spec, part, 'transactionCapacity')
    if (transaction === undefined) continue
    const capacity = spec.name === 'spillablememory' ? undefined : effectiveNumber(spec, part, 'capacity')
    const by = (set: Setting | undefined) => (set === undefined ? ' (the default)' : '')
    if (capacity !== undefined && capacity.value < transaction.value) {
      const setting = capacity.setting ?? transaction.setting
      findings.error(
        'capacity',
        setting?.at(0) ?? placeOf(part),
        `${part.title}: capacity ${capacity.value}${by(capacity.setting)} is less than transactionCapacity ${transaction.value}${by(transaction.setting)}: Flume removes the channel`,
      )
    }
    for (const end of [...(ends.sources.get(part.name) ?? []), ...(ends.sinks.get(part.name) ?? [])]) {
      const batch = batchOf(end)
      if (batch === undefined || batch.value <= transaction.value) continue
      findings.error(
        'batch-size',
        batch.setting?.at(0) ?? placeOf(end.part),
        `${end.part.title}: ${batch.name} ${batch.value}${by(batch.setting)} is more than transactionCapacity ${transaction.value}${by(transaction.setting)} of ${part.title}: ${version >= 9 ? 'Flume does not start it' : 'it fails once so many rows are waiting'}`,
        `set transactionCapacity of ${part.name} to at least ${batch.value}`,
      )
    }
  }
}

function sameFolder(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
}

/** Folders, files and ports that two parts cannot share. */
export function checkShared(sources: readonly Built[], channels: readonly Built[], findings: Findings): void {
  const taken = new Map<string, NamedPart>()
  const claim = (what: string, value: string, part: NamedPart, place: TextPlace, why: string) => {
    const key = `${what} ${value}`
    const other = taken.get(key)
    if (other === undefined) taken.set(key, part)
    else if (other !== part)
      findings.error('shared', place, `${part.title} has the same ${what} as ${other.title}: ${why}`)
  }
  const path = ({ part, spec }: Built, name: string, why: string) => {
    const setting = part.settings.get(name)
    const value = setting?.value ?? spec?.properties[name]?.default ?? ''
    for (const each of value.split(/\s*,\s*/)) {
      if (each !== '') claim(name, sameFolder(each), part, setting?.at(0) ?? placeOf(part), why)
    }
  }
  for (const source of sources) {
    const { part, spec } = source
    if (spec?.name === 'spooldir') path(source, 'spoolDir', 'each takes files away from the other')
    if (spec?.name === 'TAILDIR') path(source, 'positionFile', 'each overwrites the positions of the other')
    const port = part.settings.get('port')
    if (spec !== undefined && port !== undefined && /^\d+$/.test(port.value)) {
      const udp = spec.name === 'syslogudp' || spec.name === 'netcatudp' ? 'UDP port' : 'port'
      claim(udp, String(Number(port.value)), part, port.at(0), 'only one can listen there')
    }
  }
  for (const channel of channels) {
    if (channel.spec?.name !== 'file' && channel.spec?.name !== 'spillablememory') continue
    path(channel, 'checkpointDir', 'the second does not start')
    path(channel, 'dataDirs', 'the second does not start')
  }
}

/** Conversions of `%x` in paths and names: those of org.apache.flume.formatter.output.BucketPath, all but `%%` by time. */
const timeEscapes = 'aAbBcdDeHIjklmMnpsStyYz'

function checkBucket(name: string, sink: Built, sources: readonly BuiltSource[], findings: Findings): void {
  const setting = sink.part.settings.get(name)
  if (setting === undefined) return
  const local = sink.part.settings.get('hdfs.useLocalTimeStamp')?.value.toLowerCase() === 'true'
  const sure = sources.filter(
    ({ spec, headers }) => headers !== undefined && spec !== undefined && spec.ownHeaders !== true,
  )
  let timed = false
  for (const match of setting.value.matchAll(/%(?:\{([\w.-]+)\}|\[(\w+)\]|(.)|$)/g)) {
    const [whole, header, fixed, letter] = match
    const place = setting.at(match.index)
    if (header !== undefined) {
      const without = sure.find(({ headers }) => headers?.has(header) === false)
      if (without !== undefined) {
        findings.error(
          'header-unknown',
          place,
          `${sink.part.title}: nothing sets the header ${header} of rows from ${without.part.title}${didYouMean(header, without.headers ?? [])}: it is empty in ${name}`,
        )
      }
    } else if (fixed !== undefined) {
      if (!['localhost', 'ip', 'fqdn'].includes(fixed.toLowerCase())) {
        findings.error('escape', place, `${sink.part.title}: ${whole} is none of %[localhost], %[IP], %[FQDN]`)
      }
    } else if (letter === undefined || letter === '{' || letter === '[') {
      findings.error(
        'escape',
        place,
        `${sink.part.title}: "${setting.value.slice(match.index, match.index + 8)}" is no escape sequence`,
      )
    } else if (timeEscapes.includes(letter)) {
      const without = sure.find(({ headers }) => headers?.has('timestamp') === false)
      if (!local && without !== undefined && !timed) {
        findings.error(
          'timestamp-missing',
          place,
          `${sink.part.title}: ${whole} needs a header timestamp, and nothing sets it for rows from ${without.part.title}: no row is written`,
          'add an interceptor of type timestamp, or set hdfs.useLocalTimeStamp = true for the time of writing',
        )
        timed = true
      }
    } else if (letter !== '%') {
      findings.warning('escape', place, `${sink.part.title}: ${whole} is no escape sequence of Flume`)
    }
  }
}

/** What the HDFS sink makes of its settings: paths, files that never close, many small files. */
export function checkHdfs(sinks: readonly Built[], ends: Ends, findings: Findings): void {
  for (const sink of sinks) {
    const { part, spec } = sink
    if (spec?.name !== 'hdfs') continue
    const channel = part.settings.get('channel')?.value ?? ''
    const sources = ends.sources.get(channel) ?? []
    checkBucket('hdfs.path', sink, sources, findings)
    checkBucket('hdfs.filePrefix', sink, sources, findings)
    const of = (name: string) => effectiveNumber(spec, part, name)?.value ?? 0
    const unset = ['hdfs.rollInterval', 'hdfs.rollSize', 'hdfs.rollCount'].filter((name) => !part.settings.has(name))
    if (unset.length > 0) {
      const defaults: Readonly<Record<string, string>> = {
        'hdfs.rollInterval': 'after 30 seconds',
        'hdfs.rollSize': 'at 1024 bytes',
        'hdfs.rollCount': 'after 10 rows',
      }
      findings.warning(
        'small-files',
        placeOf(part),
        `${part.title} starts a new file ${unset.map((name) => defaults[name]).join(', ')}: the default${unset.length === 1 ? '' : 's'} of ${unset.join(', ')}`,
        'set each of the three, 0 switches one off',
      )
    }
    if (of('hdfs.rollInterval') === 0 && of('hdfs.idleTimeout') === 0) {
      findings.warning(
        'never-closed',
        placeOf(part),
        `${part.title}: the last file of each folder stays open, as .tmp, until the agent stops`,
        'set hdfs.idleTimeout to some seconds',
      )
    }
    const codec = part.settings.get('hdfs.codeC')
    const type = part.settings.get('hdfs.fileType')?.value.toLowerCase() ?? 'sequencefile'
    if (codec !== undefined && type === 'datastream') {
      findings.error(
        'codec',
        codec.keyPlace,
        `${part.title}: a DataStream is not compressed, hdfs.codeC does not count`,
        'write hdfs.fileType = CompressedStream',
      )
    } else if (codec === undefined && type === 'compressedstream') {
      findings.error(
        'codec',
        placeOf(part),
        `${part.title}: a CompressedStream needs hdfs.codeC`,
        'for example hdfs.codeC = gzip',
      )
    }
  }
}
