import { didYouMean, editDistance, nearest } from '../../core/did-you-mean.js'
import type { FlumeVersion } from './components.js'
import type { Findings } from './findings.js'
import type { PropertiesFile, Property, TextPlace } from './properties.js'

/** The second part of every key. */
export const groups = ['sources', 'channels', 'sinks', 'sinkgroups', 'configfilters'] as const
export type Group = (typeof groups)[number]

/** One property of a component. Flume cuts blanks at both ends of every value; so does `value`. */
export interface Setting {
  readonly value: string
  readonly property: Property
  readonly keyPlace: TextPlace
  /** Place of the character at `index` of `value`. */
  at(index: number): TextPlace
}

export interface NamedPart {
  /** As a message calls it: `source r1`. */
  readonly title: string
  readonly name: string
  /** Where it is first spoken of. */
  readonly place: TextPlace
  readonly settings: ReadonlyMap<string, Setting>
}

export interface ListedName {
  readonly name: string
  readonly place: TextPlace
}

export interface Agent {
  readonly name: string
  readonly place: TextPlace
  /** Lines with this agent's name. */
  readonly lines: number
  readonly lists: ReadonlyMap<Group, readonly ListedName[]>
  readonly parts: Readonly<Record<Group, ReadonlyMap<string, NamedPart>>>
}

const singular: Readonly<Record<Group, string>> = {
  sources: 'source',
  channels: 'channel',
  sinks: 'sink',
  sinkgroups: 'sink group',
  configfilters: 'config filter',
}

/** Values that may hold ` #` on purpose: shell, and texts that go into rows or match them. */
const freeText = /(^|\.)(command|value|replaceString|regex|searchPattern|matching|(include|ignore)Pattern)$/

/** String.trim of Java, which leaves blanks beyond ASCII, and a byte order mark, where they are. */
export function javaTrim(text: string): string {
  return text.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '')
}

function makeSetting(key: string, property: Property, findings: Findings): Setting {
  const { text } = property.value
  let value = javaTrim(text)
  const start = text.indexOf(value)
  const at = (index: number) => property.value.at(start + index)
  const comment = /\s+#/.exec(value)
  if (comment !== null) {
    const place = at(comment.index + comment[0].length - 1)
    if (freeText.test(key)) {
      if (!/(^|\.)command$/.test(key)) {
        findings.warning(
          'trailing-comment',
          place,
          `"${value.slice(comment.index).trim()}" is part of the value, not a comment`,
          'a comment needs a line of its own',
        )
      }
    } else {
      findings.error(
        'trailing-comment',
        place,
        `"${value.slice(comment.index).trim()}" is part of the value, not a comment`,
        'put the comment on a line of its own, above',
      )
      value = value.slice(0, comment.index)
    }
  } else if (/[ \t\f]$/.test(property.raw) && !/\\\s+$/.test(property.raw)) {
    findings.warning(
      'trailing-blank',
      at(value.length),
      `blanks behind the value of ${key}`,
      'Flume cuts them off, other programs that read the file do not',
    )
  }
  return { value, property, keyPlace: property.key.at(0), at }
}

/** Names of a list, split at blanks as Flume does; commas in them are reported and left out. */
export function listNames(setting: Setting, what: string, findings: Findings): readonly ListedName[] {
  const names: ListedName[] = []
  const comma = setting.value.search(/[,;]/)
  if (comma !== -1) {
    findings.error(
      'list-separator',
      setting.at(comma),
      `${what} are separated by blanks: Flume takes "${setting.value.charAt(comma)}" as part of a name`,
      `write ${setting.value
        .split(/[\s,;]+/)
        .filter((name) => name !== '')
        .join(' ')}`,
    )
  }
  for (const match of setting.value.matchAll(/[^ \t\n\v\f\r,;]+/g)) {
    const place = setting.at(match.index)
    if (names.some(({ name }) => name === match[0])) {
      findings.warning('list-repeated', place, `${match[0]} stands twice in this list`)
    } else names.push({ name: match[0], place })
  }
  return names
}

/** Settings below `prefix.` as parts by their name: `interceptors.i1.type` gives part `i1` with setting `type`. */
export function partsBelow(
  settings: ReadonlyMap<string, Setting>,
  prefix: string,
  title: string,
): ReadonlyMap<string, NamedPart> {
  const parts = new Map<string, NamedPart & { settings: Map<string, Setting> }>()
  for (const [key, setting] of settings) {
    if (!key.startsWith(`${prefix}.`)) continue
    const rest = key.slice(prefix.length + 1)
    const dot = rest.indexOf('.')
    const name = dot === -1 ? rest : rest.slice(0, dot)
    const part = parts.get(name) ?? {
      title: `${title} ${name}`,
      name,
      place: setting.keyPlace,
      settings: new Map<string, Setting>(),
    }
    if (dot !== -1) part.settings.set(rest.slice(dot + 1), setting)
    parts.set(name, part)
  }
  return parts
}

/** Settings below `prefix.`, without it. */
export function settingsBelow(settings: ReadonlyMap<string, Setting>, prefix: string): ReadonlyMap<string, Setting> {
  return new Map(
    [...settings].flatMap(([key, setting]) =>
      key.startsWith(`${prefix}.`) ? [[key.slice(prefix.length + 1), setting] as const] : [],
    ),
  )
}

interface OpenAgent extends Agent {
  lines: number
  readonly lists: Map<Group, readonly ListedName[]>
  readonly parts: Readonly<Record<Group, Map<string, NamedPart & { settings: Map<string, Setting> }>>>
}

/** Sorts the properties of a file by agent and component, as Flume does, and reports those that it would ignore. */
export function readAgents(
  file: PropertiesFile,
  version: FlumeVersion,
  findings: Findings,
): ReadonlyMap<string, Agent> {
  const agents = new Map<string, OpenAgent>()
  for (const property of file.entries.values()) {
    let key = javaTrim(property.key.text)
    const keyPlace = property.key.at(0)
    if (key.startsWith('\ufeff')) {
      findings.error(
        'byte-order-mark',
        keyPlace,
        'the file starts with a byte order mark, which becomes part of the first name',
        'save the file without it (UTF-8, no BOM)',
      )
      key = key.slice(1)
    }
    const dot = key.indexOf('.')
    if (dot < 1) {
      findings.error('agent-missing', keyPlace, `"${key}" has no agent before it: a key is <agent>.<part>…`)
      continue
    }
    if (javaTrim(property.value.text) === '') {
      findings.error('value-missing', keyPlace, `${key} has no value: Flume leaves it out`)
      continue
    }
    const accented = [...property.value.text].findIndex(
      (character) => character > '\x7e' && property.raw.includes(character),
    )
    if (version >= 10 && accented !== -1) {
      findings.warning(
        'encoding',
        property.value.at(accented),
        `"${[...property.value.text][accented]}" arrives as other characters: Flume 1.10 and later read the file as ISO 8859-1`,
        'write it as \\uXXXX',
      )
    }
    const name = key.slice(0, dot)
    const agent: OpenAgent = agents.get(name) ?? {
      name,
      place: keyPlace,
      lines: 0,
      lists: new Map(),
      parts: {
        sources: new Map(),
        channels: new Map(),
        sinks: new Map(),
        sinkgroups: new Map(),
        configfilters: new Map(),
      },
    }
    agents.set(name, agent)
    agent.lines++
    addSetting(agent, key.slice(dot + 1), property, version, findings)
  }
  return agents
}

function addSetting(
  agent: OpenAgent,
  rest: string,
  property: Property,
  version: FlumeVersion,
  findings: Findings,
): void {
  const [second = ''] = rest.split('.')
  const group = groups.find((known) => known === second)
  const place = property.key.at(agent.name.length + 1)
  if (group === undefined || (group === 'configfilters' && version < 9)) {
    const known = version < 9 ? groups.filter((each) => each !== 'configfilters') : groups
    findings.error(
      'part-unknown',
      place,
      `"${second}" is no part of an agent${didYouMean(second, known)}`,
      group === undefined ? `behind the agent stand ${known.join(', ')}` : 'config filters are there from Flume 1.9 on',
    )
    return
  }
  const setting = makeSetting(rest, property, findings)
  if (rest === group) {
    agent.lists.set(group, listNames(setting, `names of ${group}`, findings))
    return
  }
  const name = rest.slice(group.length + 1).split('.', 1)[0] ?? ''
  const key = rest.slice(group.length + name.length + 2)
  if (name === '' || key === '') {
    findings.error('property-missing', place, `${agent.name}.${rest} names no property: Flume leaves it out`)
    return
  }
  const part = agent.parts[group].get(name) ?? {
    title: `${singular[group]} ${name}`,
    name,
    place: property.key.at(0),
    settings: new Map<string, Setting>(),
  }
  part.settings.set(key, setting)
  agent.parts[group].set(name, part)
}

/** Whether an agent could run: it lists channels, and something at one of their ends. */
function isWhole({ lists }: Agent): boolean {
  return lists.has('channels') && (lists.has('sources') || lists.has('sinks'))
}

/**
 * The agents to look into: the one that is started, or all of the file. Reports lines under a name that no agent has,
 * which is what a misspelt agent name looks like: Flume makes another agent of them and never starts it.
 */
export function chooseAgents(
  agents: ReadonlyMap<string, Agent>,
  started: string | undefined,
  findings: Findings,
): readonly Agent[] {
  const start = { line: 1, column: 1 }
  if (agents.size === 0) {
    findings.error('agent-none', start, 'there is no agent in this file')
    return []
  }
  const lost = (agent: Agent, meant: string | undefined) => {
    const lines = agent.lines === 1 ? 'one line belongs' : `${agent.lines} lines belong`
    findings.error(
      'agent-name',
      agent.place,
      `${lines} to the agent "${agent.name}", which ${meant === undefined ? 'declares no source, channel or sink' : 'nothing starts'}${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`,
      'Flume takes the text before the first dot as the name of an agent, and drops all but the one that it starts',
    )
  }
  if (started !== undefined) {
    const agent = agents.get(started)
    if (agent === undefined) {
      findings.error('agent-unknown', start, `this file has no agent "${started}"${didYouMean(started, agents.keys())}`)
      return []
    }
    for (const other of agents.values()) {
      if (other !== agent && nearest(other.name, [started]) !== undefined) lost(other, started)
    }
    return [agent]
  }
  return [...agents.values()].filter((agent) => {
    const whole = [...agents.values()].filter((other) => other !== agent && isWhole(other)).map(({ name }) => name)
    const near = nearest(agent.name, whole)
    // Short names such as a1 and a2 are near each other and meant.
    const misspelt = near !== undefined && agent.name.length > 3 && editDistance(agent.name, near) <= 3
    if (agent.lists.size > 0 && (isWhole(agent) || !misspelt)) return true
    lost(agent, near)
    return false
  })
}
