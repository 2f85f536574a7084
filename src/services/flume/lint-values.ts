import { didYouMean, editDistance, nearest } from '../../core/did-you-mean.js'
import type { ListedName, NamedPart, Setting } from './agent-model.js'
import {
  type ComponentSpec,
  components,
  type FlumeVersion,
  findComponent,
  findProperty,
  inVersion,
  type Kind,
  type PropertySpec,
  propertiesOf,
  typeNames,
} from './components.js'
import type { Findings } from './findings.js'
import { checkJavaRegex } from './java-regex.js'

/** Properties of Kafka's producer that people set through `kafka.producer.*`; other ones are taken as they are. */
const producerKeys = [
  'acks',
  'batch.size',
  'linger.ms',
  'compression.type',
  'retries',
  'max.request.size',
  'buffer.memory',
  'client.id',
  'request.timeout.ms',
  'delivery.timeout.ms',
  'max.in.flight.requests.per.connection',
  'enable.idempotence',
  'security.protocol',
  'key.serializer',
  'value.serializer',
  'partitioner.class',
]

/** Properties of parts inside a part, which are looked into with their own tables. */
const nested = new Set([
  'interceptors.*',
  'selector.*',
  'serializers.*',
  'serializer.*',
  'sink.serializer.*',
  'deserializer.*',
])

/** `${…}` is filled in when Flume reads the file: what will be there is not known here. */
function isFilledIn(value: string): boolean {
  return value.includes('${')
}

/** The component of a part's type; undefined for custom classes and for types that do not exist, which are reported. */
export function typeOf(
  kind: Kind,
  part: NamedPart,
  version: FlumeVersion,
  findings: Findings,
  fallback?: string,
): ComponentSpec | undefined {
  const setting = part.settings.get('type')
  if (setting === undefined) {
    if (fallback !== undefined) return findComponent(kind, fallback)
    findings.error('type-missing', part.place, `${part.title} has no type: Flume does not build it`)
    return undefined
  }
  return typeNamed(kind, part.title, setting, version, findings)
}

function typeNamed(
  kind: Kind,
  title: string,
  setting: Setting,
  version: FlumeVersion,
  findings: Findings,
): ComponentSpec | undefined {
  const { value } = setting
  if (isFilledIn(value)) return undefined
  const place = setting.at(0)
  const known = findComponent(kind, value)
  if (known !== undefined) {
    if (inVersion(known, version)) return known
    findings.error(
      'type-version',
      place,
      `${title}: ${value} is there from Flume 1.${known.since} on, not in 1.${version}`,
    )
    return undefined
  }
  const classes = components
    .filter((spec) => spec.kind === kind && inVersion(spec, version))
    .flatMap((spec) => spec.classes)
  if (value.includes('.')) {
    const builder = classes.find((name) => name === `${value}$Builder`)
    if (builder !== undefined) {
      findings.error('type-unknown', place, `${title}: Flume builds it by its builder`, `write ${builder}`)
      return undefined
    }
    const meant = nearest(value, classes)
    if (meant !== undefined && editDistance(value, meant) <= 3) {
      findings.error('type-unknown', place, `${title}: there is no class ${value} (did you mean "${meant}"?)`)
    }
    return undefined
  }
  const nameless = classes.find((name) => {
    const simple = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
    return simple.startsWith(value.toLowerCase()) && findComponent(kind, name)?.name === undefined
  })
  // Seen with 1.11.0: `A fatal error occurred while running`, and the parts that are right do not start either.
  const effect = kind === 'source' || kind === 'sink' ? ': nothing of the agent starts' : ''
  findings.error(
    'type-unknown',
    place,
    nameless === undefined
      ? `${title}: there is no ${kind} type "${value}"${didYouMean(value, typeNames(kind, version))}${effect}`
      : `${title}: Flume has no short name "${value}"${effect}`,
    nameless === undefined ? `types: ${typeNames(kind, version).join(' ')}` : `write ${nameless}`,
  )
  return undefined
}

/** Value of a property, the default where it is not set. A value that cannot be read is the default, too. */
export function effectiveNumber(
  spec: ComponentSpec,
  part: NamedPart,
  name: string,
): { readonly value: number; readonly setting?: Setting } | undefined {
  const setting = part.settings.get(name)
  if (setting !== undefined && /^[+-]?\d+$/.test(setting.value)) return { value: Number(setting.value), setting }
  const fallback = spec.properties[name]?.default
  return fallback === undefined ? undefined : { value: Number(fallback) }
}

function checkRegex(key: string, setting: Setting, findings: Findings): void {
  const { problem } = checkJavaRegex(setting.value)
  if (problem !== undefined) {
    findings.error('regex', setting.at(problem.index), `${key}: ${problem.message}`, `Flume reads ${setting.value}`)
  }
}

/** The value as it should stand in the file so that every backslash arrives. */
function doubled(raw: string): string {
  return raw.replace(/\\(\\|u[0-9a-fA-F]{4}|[\s\S])/g, (whole, next: string) =>
    next === '\\' || /^(u.+|[tnrf])$/.test(next) ? whole : `\\\\${next}`,
  )
}

/** Backslashes that the properties format ate. Behind `\` a letter of a regular expression turns into itself: `^\d` is `^d`. */
function checkBackslashes(key: string, setting: Setting, regex: boolean, findings: Findings): void {
  const lost = setting.property.eaten.filter(({ character }) => !/[:=#! ]/.test(character))
  const [first] = lost
  if (first === undefined) return
  const severe = regex && lost.some(({ character }) => /[A-Za-z0-9]/.test(character))
  findings.add(
    severe ? 'error' : 'warning',
    'backslash',
    setting.property.value.at(first.index),
    `${key}: a single backslash is eaten: Flume reads ${setting.value}`,
    `write ${doubled(setting.property.raw).trimEnd()}`,
  )
}

function checkBrokers(key: string, setting: Setting, findings: Findings): void {
  const { value } = setting
  const gap = /[^\s,](\s+|\s*;\s*)[^\s,]/.exec(value)
  if (gap !== null) {
    findings.error(
      'brokers',
      setting.at(gap.index + 1),
      `${key}: brokers are separated by commas`,
      `write ${value
        .split(/[\s,;]+/)
        .filter((broker) => broker !== '')
        .join(',')}`,
    )
  }
  for (const match of value.matchAll(/[^\s,;]+/g)) {
    const [broker] = match
    const port = /^(?:[A-Z_]+:\/\/)?(?:\[[0-9a-fA-F:]+\]|[^:]+):(\d+)$/.exec(broker)?.[1]
    if (port === undefined) {
      findings.error('brokers', setting.at(match.index), `${key}: ${broker} has no port`, `write ${broker}:9092`)
    } else if (Number(port) < 1 || Number(port) > 65_535) {
      findings.error('brokers', setting.at(match.index), `${key}: ${port} is no port`)
    }
  }
}

/** What a number with a unit or separators was meant to be. */
function meantNumber(value: string): string | undefined {
  const units: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }
  const sized = /^(\d+)\s*([kmg])i?b?$/i.exec(value)
  if (sized !== null) return String(Number(sized[1]) * (units[(sized[2] ?? '').toLowerCase()] ?? 1))
  const seconds = /^(\d+)\s*(ms|s|sec|seconds)$/i.exec(value)
  if (seconds !== null) return seconds[1]
  return /^\d{1,3}([,_.']\d{3})+$/.test(value) ? value.replace(/\D/g, '') : undefined
}

/** One value against what its property takes. */
export function checkValue(key: string, setting: Setting, spec: PropertySpec, findings: Findings): void {
  const { value } = setting
  if (isFilledIn(value)) return
  const place = setting.at(0)
  checkBackslashes(key, setting, spec.type === 'regex', findings)
  if (spec.values !== undefined) {
    const same = (allowed: string) =>
      spec.exact === true ? allowed === value : allowed.toLowerCase() === value.toLowerCase()
    // A class of one's own stands where Flume takes one.
    if (!spec.values.some(same) && !(spec.exact === true && value.includes('.'))) {
      findings.error(
        'value',
        place,
        `${key} cannot be "${value}"${didYouMean(value, spec.values)}`,
        `it takes ${spec.values.join(', ')}`,
      )
    }
    return
  }
  switch (spec.type) {
    case 'integer':
      if (!/^[+-]?\d+$/.test(value)) {
        const meant = meantNumber(value)
        findings.error('value', place, `${key} must be a whole number, not "${value}"`, meant && `write ${meant}`)
      } else if (spec.least !== undefined && Number(value) < spec.least) {
        findings.error('value', place, `${key} must be at least ${spec.least}, not ${value}`)
      }
      return
    case 'port':
      if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 65_535) {
        findings.error('value', place, `${key} must be a port from 1 to 65535, not "${value}"`)
      }
      return
    case 'boolean':
      if (!/^(true|false)$/i.test(value)) {
        findings.error('value', place, `${key} must be true or false: Flume takes "${value}" for false`)
      }
      return
    case 'regex':
      checkRegex(key, setting, findings)
      return
    case 'brokers':
      checkBrokers(key, setting, findings)
      return
    default:
  }
}

/** Words for a property that is not there in this version, or that nobody knows. */
function unknownProperty(
  spec: ComponentSpec,
  part: NamedPart,
  key: string,
  setting: Setting,
  version: FlumeVersion,
  findings: Findings,
): void {
  const properties = propertiesOf(spec)
  const elsewhere =
    properties[key] ??
    Object.entries(properties).find(([name]) => name.endsWith('*') && key.startsWith(name.slice(0, -1)))?.[1]
  if (elsewhere !== undefined) {
    const older = Object.entries(properties).find(([, other]) => other.renamed?.to === key)?.[0]
    findings.error(
      'property-version',
      setting.keyPlace,
      elsewhere.until !== undefined && version > elsewhere.until
        ? `${part.title}: ${key} is no longer read from Flume 1.${elsewhere.until + 1} on`
        : `${part.title}: ${key} is read from Flume 1.${elsewhere.since} on, not by 1.${version}`,
      older === undefined ? undefined : `Flume 1.6 calls it ${older}`,
    )
    return
  }
  const names = Object.entries(properties).flatMap(([name, property]) =>
    name.endsWith('*') || !inVersion(property, version) ? [] : [name],
  )
  // Also the name without, or with, the prefix that all of a sink's properties have: path for hdfs.path.
  const meant = nearest(key, names) ?? names.find((name) => name.endsWith(`.${key}`))
  findings.add(
    meant === undefined ? 'warning' : 'error',
    'property-unknown',
    setting.keyPlace,
    `${part.title}: Flume ignores ${key}, it is no property of ${spec.name ?? spec.classes[0]}${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`,
  )
}

/** The properties of one component against its table: unknown, renamed, missing, of the wrong type. */
export function checkProperties(
  spec: ComponentSpec,
  part: NamedPart,
  version: FlumeVersion,
  findings: Findings,
  /** Keys that something else looks into, among them the two ways to name channels. */
  skip: (key: string) => boolean = () => false,
): void {
  const properties = propertiesOf(spec)
  for (const [key, setting] of part.settings) {
    if (key === 'type' || skip(key)) continue
    const found = findProperty(properties, key, version)
    if (found === undefined) {
      unknownProperty(spec, part, key, setting, version, findings)
      continue
    }
    const { renamed } = found.spec
    if (renamed !== undefined && version >= renamed.since) {
      findings.warning(
        'property-renamed',
        setting.keyPlace,
        `${part.title}: ${key} is the name of Flume 1.6, still read today`,
        `write ${renamed.to}`,
      )
    }
    if (found.name === 'kafka.producer.*') {
      const name = key.slice('kafka.producer.'.length)
      const meant = producerKeys.includes(name) ? undefined : nearest(name, producerKeys)
      if (meant !== undefined && editDistance(name, meant) <= 2) {
        findings.warning(
          'property-unknown',
          setting.keyPlace,
          `${part.title}: Kafka's producer has no ${name} (did you mean "${meant}"?)`,
        )
      }
    }
    if (!nested.has(found.name)) checkValue(key, setting, found.spec, findings)
  }
  const isSet = (name: string) =>
    part.settings.has(name) ||
    Object.entries(properties).some(
      ([other, { renamed, covers }]) => (renamed?.to === name || covers === name) && part.settings.has(other),
    )
  for (const [name, property] of Object.entries(properties)) {
    if (property.required !== true || name === 'type' || skip(name) || !inVersion(property, version)) continue
    if (!isSet(name)) {
      findings.error(
        'property-required',
        placeOf(part),
        `${part.title} (${spec.name ?? shortClass(spec)}) needs ${name}`,
      )
    }
  }
}

function shortClass(spec: ComponentSpec): string {
  const name = spec.classes[0] ?? ''
  return name.slice(name.lastIndexOf('.') + 1)
}

/** Where to report what a part lacks: its type, else its first line. */
export function placeOf(part: NamedPart): { readonly line: number; readonly column: number } {
  return part.settings.get('type')?.keyPlace ?? part.place
}

/** `serializer` of a sink or `deserializer` of a source, with the properties below it. */
export function checkSerializer(
  kind: 'serializer' | 'deserializer',
  key: string,
  part: NamedPart,
  version: FlumeVersion,
  findings: Findings,
): void {
  const setting = part.settings.get(key)
  const title = `${part.title} ${key}`
  const spec =
    setting === undefined
      ? findComponent(kind, kind === 'serializer' ? 'text' : 'line')
      : typeNamed(kind, title, setting, version, findings)
  if (spec === undefined) return
  const below = new Map(
    [...part.settings].flatMap(([name, value]) =>
      name.startsWith(`${key}.`) ? [[name.slice(key.length + 1), value] as const] : [],
    ),
  )
  checkProperties(spec, { title, name: key, place: part.place, settings: below }, version, findings)
}

/** Names in a list against the parts that are there: declared and not configured, configured and not declared. */
export function checkListed(
  listed: readonly ListedName[],
  parts: ReadonlyMap<string, NamedPart>,
  words: { readonly list: string; readonly what: string },
  findings: Findings,
): readonly NamedPart[] {
  const names = listed.map(({ name }) => name)
  for (const { name, place } of listed) {
    if (parts.has(name)) continue
    const spare = [...parts.keys()].filter((other) => !names.includes(other))
    findings.error(
      'not-configured',
      place,
      `${words.what} ${name} is in ${words.list} and has no properties${didYouMean(name, spare)}`,
    )
  }
  for (const part of parts.values()) {
    if (names.includes(part.name)) continue
    const spare = names.filter((name) => !parts.has(name))
    findings.error(
      'not-listed',
      part.place,
      `${part.title} is configured and not in ${words.list}: Flume does not build it${didYouMean(part.name, spare)}`,
      `add it to ${words.list}, or remove its lines`,
    )
  }
  return listed.flatMap(({ name }) => {
    const part = parts.get(name)
    return part === undefined ? [] : [part]
  })
}
