import { FailedError } from '../../core/errors.js'
import { type Hdfs, pageText } from './client.js'

export interface DataNodeState {
  readonly node: string
  readonly state: 'live' | 'dead' | 'decommissioning'
  /** bytes; undefined for dead ones */
  readonly capacity?: number
  readonly used?: number
  readonly free?: number
  readonly blocks?: number
  /** seconds since it was heard of */
  readonly lastContact?: number
  readonly failedVolumes?: number
}

export interface HdfsReport {
  readonly version: string
  /** What HDFS says about its safe mode; empty when it is off. */
  readonly safeMode: string
  readonly capacity: number
  readonly used: number
  readonly free: number
  readonly files: number
  readonly blocks: number
  readonly missingBlocks: number
  readonly corruptBlocks: number
  readonly underReplicatedBlocks: number
  readonly dataNodes: readonly DataNodeState[]
}

type Bean = Readonly<Record<string, unknown>>

async function bean(hdfs: Hdfs, name: string): Promise<Bean> {
  const text = await pageText(hdfs, `/jmx?qry=Hadoop:service=NameNode,name=${name}`)
  const [found] = (JSON.parse(text) as { beans?: readonly Bean[] }).beans ?? []
  // Right after the start its port answers already, with nothing.
  if (found === undefined) throw new FailedError('HDFS_STARTING', `${hdfs.where} is still starting`)
  return found
}

const count = (value: unknown) => (typeof value === 'number' ? value : 0)

function nodes(text: unknown, state: DataNodeState['state']): readonly DataNodeState[] {
  const found = JSON.parse(typeof text === 'string' && text !== '' ? text : '{}') as Record<string, Bean>
  return Object.entries(found).map(([node, of]) => ({
    node,
    state,
    ...('capacity' in of
      ? {
          capacity: count(of.capacity),
          used: count(of.used ?? of.usedSpace),
          free: count(of.remaining),
          blocks: count(of.numBlocks),
          failedVolumes: count(of.volfails),
        }
      : {}),
    ...('lastContact' in of ? { lastContact: count(of.lastContact) } : {}),
  }))
}

/** What `hdfs dfsadmin -report` says, from the NameNode's own numbers. */
export async function hdfsReport(hdfs: Hdfs): Promise<HdfsReport> {
  const [info, system] = await Promise.all([bean(hdfs, 'NameNodeInfo'), bean(hdfs, 'FSNamesystem')])
  return {
    version: String(info.SoftwareVersion ?? info.Version ?? ''),
    safeMode: String(info.Safemode ?? ''),
    capacity: count(info.Total),
    used: count(info.Used),
    free: count(info.Free),
    files: count(system.FilesTotal),
    blocks: count(system.BlocksTotal),
    missingBlocks: count(info.NumberOfMissingBlocks),
    corruptBlocks: count(system.CorruptBlocks),
    underReplicatedBlocks: count(system.UnderReplicatedBlocks),
    dataNodes: [
      ...nodes(info.LiveNodes, 'live'),
      ...nodes(info.DecomNodes, 'decommissioning'),
      ...nodes(info.DeadNodes, 'dead'),
    ],
  }
}

/** Whether HDFS is in safe mode, and why. */
export async function safeModeOf(hdfs: Hdfs): Promise<{ readonly on: boolean; readonly why: string }> {
  const text = String((await bean(hdfs, 'NameNodeInfo')).Safemode ?? '')
  return { on: text !== '', why: text.replace(/^Safe mode is ON\.\s*/, '').replace(/\s*NamenodeHostName:\S*/, '') }
}

export interface FsckProblem {
  readonly path: string
  readonly kind: 'corrupt' | 'missing' | 'under replicated'
  readonly text: string
}

export interface FsckResult {
  readonly path: string
  readonly healthy: boolean
  readonly files: number
  readonly blocks: number
  readonly corruptBlocks: number
  readonly missingBlocks: number
  readonly underReplicatedBlocks: number
  /** The first 1,000 of them. */
  readonly problems: readonly FsckProblem[]
}

const problemLimit = 1000

function problem(line: string): FsckProblem | undefined {
  const found = /^(\/.*?):\s+(.*\b(CORRUPT|MISSING|Under replicated)\b.*)$/.exec(line)
  if (found === null) return undefined
  const kind = found[3] === 'CORRUPT' ? 'corrupt' : found[3] === 'MISSING' ? 'missing' : 'under replicated'
  return { path: found[1] ?? '', kind, text: (found[2] ?? '').trim() }
}

/** Files below a path that somebody has open for writing, or had until he died. */
export async function openFiles(hdfs: Hdfs, target: string): Promise<ReadonlySet<string>> {
  const query = new URLSearchParams({ ugi: hdfs.user, path: target, openforwrite: '1', files: '1' })
  const text = await pageText(hdfs, `/fsck?${query}`)
  const lines = [...text.matchAll(/^(\/\S.*?)(?: \d+ bytes)?[,:].*\bOPENFORWRITE\b/gm)]
  return new Set(lines.map(([, file = '']) => file))
}

/** Asks the NameNode to check a path; read line by line, since every file of a large HDFS may be in it. */
export async function fsck(hdfs: Hdfs, target: string): Promise<FsckResult> {
  const problems: FsckProblem[] = []
  const numbers: Record<string, number> = {}
  let verdict = ''
  let rest = ''
  const take = (line: string) => {
    const found = problem(line)
    if (found !== undefined && problems.length < problemLimit) problems.push(found)
    const counted = /^\s*([A-Z][A-Za-z -]*?)(?: \(validated\))?:\s+(\d+)/.exec(line)
    // Replicated blocks come first, erasure coded ones after them, which this does not add up.
    if (counted?.[1] !== undefined) numbers[counted[1]] ??= Number(counted[2])
    if (/^(The filesystem under path|FSCK|fsck|Access denied|Path )/i.test(line)) verdict = line
  }
  const page = `/fsck?${new URLSearchParams({ ugi: hdfs.user, path: target })}`
  const decoder = new TextDecoder()
  for await (const chunk of hdfs.page(page)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
  take(rest)
  if (/does not exist/.test(verdict)) throw new FailedError('HDFS_PATH_ABSENT', `${target} is not on HDFS`)
  if (!verdict.startsWith('The filesystem under path')) {
    throw new FailedError('HDFS_FSCK', `${target}: HDFS could not check it: ${verdict || 'no verdict came'}`, {
      hints: ['a check needs the rights of the account that HDFS runs as: --user'],
    })
  }
  return {
    path: target,
    healthy: / is HEALTHY$/.test(verdict.trim()),
    files: numbers['Total files'] ?? 0,
    blocks: numbers['Total blocks'] ?? 0,
    corruptBlocks: numbers['Corrupt blocks'] ?? 0,
    missingBlocks: numbers['Missing blocks'] ?? 0,
    underReplicatedBlocks: numbers['Under-replicated blocks'] ?? 0,
    problems,
  }
}
