import { didYouMean } from '../../core/did-you-mean.js'
import { listNames, type NamedPart, partsBelow, type Setting, settingsBelow } from './agent-model.js'
import type { ComponentSpec, FlumeVersion } from './components.js'
import type { Findings } from './findings.js'
import { checkJavaRegex } from './java-regex.js'
import { checkListed, checkProperties, checkSerializer, placeOf, typeOf } from './lint-values.js'

/** A part that is declared and configured, with what is known of its type. */
export interface Built {
  readonly part: NamedPart
  /** undefined: a class of one's own, or a type that does not exist. */
  readonly spec: ComponentSpec | undefined
}

export interface BuiltSource extends Built {
  /** Headers that its interceptors set; undefined when one of them is a class of one's own. */
  readonly headers: ReadonlySet<string> | undefined
}

/** Headers that an interceptor sets; undefined: not known. */
function headersOf(spec: ComponentSpec | undefined, part: NamedPart): readonly string[] | undefined {
  const value = (key: string) => part.settings.get(key)?.value ?? spec?.properties[key]?.default ?? ''
  if (spec === undefined) return undefined
  switch (spec.name) {
    case 'timestamp':
      return [value('headerName')]
    case 'host':
      return [value('hostHeader')]
    case 'static':
      return [value('key')]
    case 'regex_extractor':
      return [...partsBelow(part.settings, 'serializers', 'serializer').values()].flatMap(
        ({ settings }) => settings.get('name')?.value ?? [],
      )
    case undefined:
      return [value('headerName')]
    default:
      return []
  }
}

function checkExtractor(part: NamedPart, version: FlumeVersion, findings: Findings): void {
  const list = part.settings.get('serializers')
  if (list === undefined) return
  const listed = listNames(list, 'names of serializers', findings)
  const parts = partsBelow(part.settings, 'serializers', `${part.title} serializer`)
  const built = checkListed(listed, parts, { list: 'serializers', what: 'serializer' }, findings)
  for (const serializer of built) {
    const spec = typeOf('extractor', serializer, version, findings, 'default')
    if (spec === undefined) continue
    checkProperties(spec, serializer, version, findings)
    if (spec.name === undefined) {
      findings.warning(
        'poison-date',
        placeOf(serializer),
        `${serializer.title}: the first row with a time that no calendar has (20161301000000) stops the source for good`,
        'take the day as text, with the default serializer and %{header} in the path, or filter impossible dates first',
      )
    }
  }
  const regex = part.settings.get('regex')
  if (regex === undefined) return
  const headerName = (name: string | undefined) => parts.get(name ?? '')?.settings.get('name')?.value ?? name ?? ''
  const { groups, problem } = checkJavaRegex(regex.value)
  if (problem === undefined && groups < listed.length) {
    findings.error(
      'regex-groups',
      regex.at(0),
      `${part.title}: regex has ${groups === 0 ? 'no group' : `${groups} groups`} for ${listed.length === 1 ? 'a serializer' : `${listed.length} serializers`}: the header ${headerName(listed[groups]?.name)} is never set`,
      'put brackets around what each header is to hold',
    )
  }
}

function checkInterceptors(
  source: NamedPart,
  version: FlumeVersion,
  findings: Findings,
): ReadonlySet<string> | undefined {
  const list = source.settings.get('interceptors')
  const listed = list === undefined ? [] : listNames(list, 'names of interceptors', findings)
  const parts = partsBelow(source.settings, 'interceptors', `${source.title} interceptor`)
  const built = checkListed(listed, parts, { list: `interceptors of ${source.name}`, what: 'interceptor' }, findings)
  const headers = new Set<string>()
  let known = true
  for (const part of built) {
    const spec = typeOf('interceptor', part, version, findings)
    if (spec !== undefined) {
      checkProperties(spec, part, version, findings)
      if (spec.name === 'regex_extractor') checkExtractor(part, version, findings)
    }
    const set = headersOf(spec, part)
    if (set === undefined) known = false
    else for (const header of set) headers.add(header)
  }
  return known ? headers : undefined
}

/** Headers that a source sets by itself. */
function ownHeaders({ spec, part }: Built): readonly string[] {
  const on = (key: string) => part.settings.get(key)?.value.toLowerCase() === 'true'
  const value = (key: string) => part.settings.get(key)?.value ?? spec?.properties[key]?.default ?? ''
  const tail = [...settingsBelow(part.settings, 'headers').keys()].map((key) => key.slice(key.indexOf('.') + 1))
  return [
    ...(on('fileHeader') ? [value('fileHeaderKey')] : []),
    ...(on('basenameHeader') ? [value('basenameHeaderKey')] : []),
    ...(on('byteOffsetHeader') ? ['byteoffset'] : []),
    ...tail,
  ]
}

function checkTail(part: NamedPart, findings: Findings): void {
  const list = part.settings.get('filegroups')
  if (list === undefined) return
  const listed = listNames(list, 'names of filegroups', findings)
  for (const { name, place } of listed) {
    if (part.settings.has(`filegroups.${name}`)) continue
    const others = [...settingsBelow(part.settings, 'filegroups').keys()]
    findings.error('not-configured', place, `filegroup ${name} has no file${didYouMean(name, others)}`)
  }
  for (const [name, setting] of settingsBelow(part.settings, 'filegroups')) {
    if (listed.some((each) => each.name === name)) {
      const file = setting.value.slice(setting.value.lastIndexOf('/') + 1)
      const { problem } = checkJavaRegex(file)
      if (problem !== undefined) {
        findings.error(
          'regex',
          setting.at(setting.value.length - file.length + problem.index),
          `filegroups.${name}: ${problem.message}`,
          'the last part of the path is a regular expression of Java, not a pattern of the shell',
        )
      }
      if (/[*?[]/.test(setting.value.slice(0, setting.value.lastIndexOf('/')))) {
        findings.warning(
          'tail-folder',
          setting.at(0),
          `filegroups.${name}: only the file's name may be a pattern, not its folder`,
        )
      }
    } else {
      findings.error(
        'not-listed',
        setting.keyPlace,
        `filegroup ${name} is configured and not in filegroups: it is not read`,
      )
    }
  }
}

function checkExec(part: NamedPart, version: FlumeVersion, findings: Findings): void {
  const command = part.settings.get('command')
  if (command === undefined || !/^\s*(\S*\/)?tail\s/.test(command.value)) return
  findings.add(
    'info',
    'exec-tail',
    command.at(0),
    `${part.title}: tail forgets where it was: rows are lost or come twice when the agent starts anew`,
    version >= 7 ? 'TAILDIR keeps its position in a file' : 'from Flume 1.7 on TAILDIR keeps its position in a file',
  )
}

function checkSelector(
  source: NamedPart,
  channels: readonly string[],
  version: FlumeVersion,
  findings: Findings,
): void {
  const settings = settingsBelow(source.settings, 'selector')
  if (settings.size === 0) return
  const part: NamedPart = { title: `${source.title} selector`, name: 'selector', place: source.place, settings }
  const spec = typeOf('selector', part, version, findings, 'replicating')
  if (spec === undefined) return
  checkProperties(spec, part, version, findings)
  for (const [key, setting] of settings) {
    if (!/^(default|optional|mapping\..+|optional\..+)$/.test(key)) continue
    for (const { name, place } of listNames(setting, 'names of channels', findings)) {
      if (channels.includes(name)) continue
      findings.error(
        'channel-unknown',
        place,
        `${part.title}: ${name} is no channel of ${source.name}${didYouMean(name, channels)}`,
      )
    }
  }
}

/** Checks the listed sources by themselves. */
export function checkSources(
  parts: readonly NamedPart[],
  version: FlumeVersion,
  findings: Findings,
): readonly BuiltSource[] {
  return parts.map((part) => {
    const spec = typeOf('source', part, version, findings)
    const headers = checkInterceptors(part, version, findings)
    const channels = part.settings.get('channels')?.value.split(/[\s,;]+/) ?? []
    checkSelector(part, channels, version, findings)
    if (spec !== undefined) {
      checkProperties(spec, part, version, findings, (key) => key === 'channels' || key === 'channel')
      if (spec.name === 'spooldir') checkSerializer('deserializer', 'deserializer', part, version, findings)
      if (spec.name === 'TAILDIR') checkTail(part, findings)
      if (spec.name === 'exec') checkExec(part, version, findings)
      if (spec.classes[0]?.endsWith('.KafkaSource')) checkTopics(part, version, findings)
    }
    const own = ownHeaders({ part, spec })
    return { part, spec, headers: headers === undefined ? undefined : new Set([...headers, ...own]) }
  })
}

function checkTopics(part: NamedPart, version: FlumeVersion, findings: Findings): void {
  const names = version < 7 ? ['topic'] : ['kafka.topics', 'kafka.topics.regex', 'topic']
  if (!names.some((name) => part.settings.has(name))) {
    findings.error(
      'property-required',
      placeOf(part),
      `${part.title} (KafkaSource) needs ${names.slice(0, 2).join(' or ')}`,
    )
  }
}

/** Checks the listed sinks by themselves. */
export function checkSinks(parts: readonly NamedPart[], version: FlumeVersion, findings: Findings): readonly Built[] {
  return parts.map((part) => {
    const spec = typeOf('sink', part, version, findings)
    if (spec !== undefined) {
      checkProperties(spec, part, version, findings, (key) => key === 'channels' || key === 'channel')
      if (spec.name === 'hdfs') checkSerializer('serializer', 'serializer', part, version, findings)
      if (spec.name === 'file_roll') checkSerializer('serializer', 'sink.serializer', part, version, findings)
      if (version < 7 && spec.classes[0]?.endsWith('.KafkaSink') && !part.settings.has('brokerList')) {
        findings.error('property-required', placeOf(part), `${part.title} (KafkaSink) needs brokerList`)
      }
    }
    return { part, spec }
  })
}

/** Checks the listed channels by themselves. */
export function checkChannels(
  parts: readonly NamedPart[],
  version: FlumeVersion,
  findings: Findings,
): readonly Built[] {
  return parts.map((part) => {
    const spec = typeOf('channel', part, version, findings)
    if (spec !== undefined) checkProperties(spec, part, version, findings)
    if (spec?.name === 'memory') {
      findings.add(
        'info',
        'memory-channel',
        placeOf(part),
        `${part.title} keeps rows in memory: a crash loses them`,
        'type file keeps them',
      )
    }
    return { part, spec }
  })
}

/** Sink groups: their sinks, and each sink in one group alone. */
export function checkSinkGroups(
  parts: readonly NamedPart[],
  sinks: readonly string[],
  version: FlumeVersion,
  findings: Findings,
): void {
  const taken = new Map<string, string>()
  for (const part of parts) {
    const list = part.settings.get('sinks')
    const listed = list === undefined ? [] : listNames(list, 'names of sinks', findings)
    if (list === undefined) findings.error('property-required', part.place, `${part.title} needs sinks`)
    for (const { name, place } of listed) {
      const other = taken.get(name)
      if (!sinks.includes(name)) {
        findings.error('sink-unknown', place, `${part.title}: there is no sink ${name}${didYouMean(name, sinks)}`)
      } else if (other !== undefined) {
        findings.error('sink-taken', place, `${part.title}: sink ${name} is in the group ${other} already`)
      }
      taken.set(name, part.name)
    }
    const below = settingsBelow(part.settings, 'processor')
    const processor: NamedPart = {
      title: `${part.title} processor`,
      name: 'processor',
      place: part.place,
      settings: below,
    }
    const spec = typeOf('processor', processor, version, findings, 'default')
    if (spec !== undefined) checkProperties(spec, processor, version, findings)
    for (const [name, setting] of settingsBelow(below, 'priority')) {
      if (!listed.some((each) => each.name === name)) {
        findings.error(
          'sink-unknown',
          setting.keyPlace,
          `${processor.title}: ${name} is no sink of this group${didYouMean(
            name,
            listed.map((each) => each.name),
          )}`,
        )
      }
    }
    unknownKeys(part, (key) => key === 'sinks' || key.startsWith('processor.'), ['sinks', 'processor.type'], findings)
  }
}

function unknownKeys(
  part: NamedPart,
  known: (key: string) => boolean,
  names: readonly string[],
  findings: Findings,
): void {
  for (const [key, setting] of part.settings as ReadonlyMap<string, Setting>) {
    if (!known(key)) {
      findings.error(
        'property-unknown',
        setting.keyPlace,
        `${part.title}: Flume ignores ${key}${didYouMean(key, names)}`,
      )
    }
  }
}

/** Config filters, which Flume 1.9 brought. */
export function checkConfigFilters(parts: readonly NamedPart[], version: FlumeVersion, findings: Findings): void {
  for (const part of parts) {
    const spec = typeOf('config filter', part, version, findings)
    if (spec !== undefined) checkProperties(spec, part, version, findings)
  }
}
