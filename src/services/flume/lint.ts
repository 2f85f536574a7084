import { type Agent, chooseAgents, type Group, type ListedName, type NamedPart, readAgents } from './agent-model.js'
import { type FlumeVersion, pinnedFlume } from './components.js'
import { type Finding, Findings } from './findings.js'
import { checkChannels, checkConfigFilters, checkSinkGroups, checkSinks, checkSources } from './lint-parts.js'
import { checkListed } from './lint-values.js'
import { checkCapacities, checkHdfs, checkShared, checkWiring } from './lint-wiring.js'
import { readProperties } from './properties.js'

export interface LintOptions {
  /** The agent that is started; every agent of the file when left out. */
  readonly agent?: string
  readonly version?: FlumeVersion
}

/** Two different values of one key mean that one of them, which somebody wanted, does not count. */
const problemRules = {
  duplicate: ['error', 'duplicate'],
  repeated: ['warning', 'duplicate'],
  escape: ['error', 'unicode-escape'],
  continuation: ['warning', 'continuation'],
} as const

/** The parts of a group that Flume would build; reports lists that are missing and names without properties. */
function listedParts(agent: Agent, group: Group, findings: Findings): readonly NamedPart[] {
  const listed: readonly ListedName[] | undefined = agent.lists.get(group)
  const parts = agent.parts[group]
  const [first] = parts.values()
  if (listed === undefined) {
    if (first !== undefined) {
      findings.error(
        'list-missing',
        first.place,
        `${agent.name}.${group} is missing: Flume builds none of ${[...parts.keys()].join(', ')}`,
        `add ${agent.name}.${group} = ${[...parts.keys()].join(' ')}`,
      )
    }
    return [...parts.values()]
  }
  const what = group === 'sinkgroups' ? 'sink group' : group === 'configfilters' ? 'config filter' : group.slice(0, -1)
  return checkListed(listed, parts, { list: `${agent.name}.${group}`, what }, findings)
}

function lintAgent(agent: Agent, version: FlumeVersion, findings: Findings): void {
  const filters = listedParts(agent, 'configfilters', findings)
  const channelParts = listedParts(agent, 'channels', findings)
  const sourceParts = listedParts(agent, 'sources', findings)
  const sinkParts = listedParts(agent, 'sinks', findings)
  const groupParts = listedParts(agent, 'sinkgroups', findings)
  if (channelParts.length === 0 && !agent.lists.has('channels')) {
    findings.error('agent-empty', agent.place, `agent ${agent.name} has no channels: Flume starts nothing of it`)
  }
  if (sourceParts.length + sinkParts.length === 0 && !agent.lists.has('sources') && !agent.lists.has('sinks')) {
    findings.error('agent-empty', agent.place, `agent ${agent.name} has no sources and no sinks`)
  }
  checkConfigFilters(filters, version, findings)
  const channels = checkChannels(channelParts, version, findings)
  const sources = checkSources(sourceParts, version, findings)
  const sinks = checkSinks(sinkParts, version, findings)
  checkSinkGroups(
    groupParts,
    sinkParts.map(({ name }) => name),
    version,
    findings,
  )
  const declared = (agent.lists.get('channels') ?? channelParts).map(({ name }) => name)
  const ends = checkWiring(sources, sinks, channels, declared, findings)
  checkCapacities(channels, ends, version, findings)
  checkShared(sources, channels, findings)
  checkHdfs(sinks, ends, findings)
}

/** Everything that is wrong or doubtful in an agent file, in the file's order. Pure; knows no file system. */
export function lintAgentFile(source: string, options: LintOptions = {}): readonly Finding[] {
  const version = options.version ?? pinnedFlume
  const findings = new Findings()
  const file = readProperties(source)
  for (const { kind, place, message, hint } of file.problems) {
    const [severity, rule] = problemRules[kind]
    findings.add(severity, rule, place, message, hint)
  }
  for (const agent of chooseAgents(readAgents(file, version, findings), options.agent, findings)) {
    lintAgent(agent, version, findings)
  }
  return findings.sorted()
}
