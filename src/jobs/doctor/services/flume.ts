import type { Cluster } from '../../../core/cluster/cluster.js'
import { plural } from '../../../render/format.js'
import { agentName, agentParts, collectFolder, logType } from '../../../services/flume/agent.js'
import { agentMetrics } from '../../../services/flume/service.js'
import { openFiles } from '../../../services/hdfs/health.js'
import { filesBelow } from '../../../services/hdfs/listing.js'
import { abandoned, closeLeftFile } from '../../flume/left-files.js'
import { healthy, type ServiceCheck, type ServicesLook } from '../check.js'
import { logLines, mayAccess, repair, short } from './tools.js'

const refusal = 'AccessControlException|Permission denied: user='
const closed = 'Renaming .*\\.tmp to |Closing '
/** A file that was made a moment ago is being closed, or its block is not reported yet. */
const restingMs = 60_000
const partitionsAsked = 5
const filesNamed = 5

/** The account that Flume writes to HDFS as. */
function writer(cluster: Cluster, user: string): string {
  const key = `${agentName}.sinks.${agentParts.batch.sink}.hdfs.proxyUser`
  return cluster.properties('flume', 'agent.conf')[key] ?? user
}

/** Folders that Flume has to write to and may not. */
async function refused(look: ServicesLook, user: string): Promise<readonly string[]> {
  const folder = `${collectFolder}/${logType}`
  if ((await mayAccess(look, folder, '-wx', user)) === 'no') return [folder]
  if ((await look.hdfs.stat(folder)) === undefined) {
    return (await mayAccess(look, collectFolder, '-wx', user)) === 'no' ? [collectFolder] : []
  }
  const foreign = (await look.hdfs.list(folder)).filter(({ kind, owner }) => kind === 'directory' && owner !== user)
  const asked = await Promise.all(
    foreign
      .slice(-partitionsAsked)
      .map(async ({ path }) => ((await mayAccess(look, path, '-wx', user)) === 'no' ? [path] : [])),
  )
  return asked.flat()
}

const permission: ServiceCheck = {
  id: 'flume-permission',
  title: 'Flume may write to HDFS',
  role: 'flume',
  each: 'host',
  offline: true,
  async look(look, host) {
    const user = writer(look.cluster, look.user)
    const [folders, said, done] = await Promise.all([
      refused(look, user),
      logLines(look, host, 'flume', refusal),
      logLines(look, host, 'flume', `${refusal}|${closed}`),
    ])
    const last = said.at(-1)
    if (folders.length === 0) {
      // What was refused once and went through since is mended.
      if (last === undefined || done.at(-1) !== last) return healthy(`${user} may write below ${collectFolder}`)
      return {
        state: 'warning',
        evidence: `its log says: ${short(last)}`,
        cause: 'HDFS refused a write; nothing was closed since',
        remedy: 'when the folder is right now, Flume goes on by itself; smartcar flume status shows whether rows wait',
      }
    }
    return {
      state: 'bad',
      evidence: `${user} may not write to ${folders.join(', ')}${last === undefined ? '' : `; its log says: ${short(last)}`}`,
      cause: 'HDFS refuses the sink, which tries for ever: rows pile up in the channel and nothing is reported',
      remedy: `smartcar doctor --fix gives it to ${user}`,
      repair: repair(
        {
          id: `repair/collect-folder@${host.name}`,
          title: `let ${user} write to the collect folder`,
          reason: 'Flume writes there',
          host: host.name,
        },
        async () =>
          (await refused(look, user)).map((path) => ({ kind: 'update', summary: `${path} of ${user} in HDFS` })),
        async () => {
          for (const path of await refused(look, user)) {
            await look.hdfs.chown(path, user, '')
            if ((await mayAccess(look, path, '-wx', user)) === 'no') await look.hdfs.chmod(path, '755')
          }
        },
      ),
    }
  },
}

/**
 * `.tmp` files of the collector that nobody writes to, and those whose lease still runs though no Flume does. A file
 * that was begun before the Flume that runs is nobody's too, whatever HDFS says.
 */
async function leftBehind(look: ServicesLook) {
  const { cluster, hdfs, tools, user, runs, world } = look
  const files = await filesBelow(cluster, tools.http, collectFolder, user, tools.signal)
  const old = files.flatMap(({ path, modified }) =>
    path.endsWith('.tmp') && world.clock.now() - modified > restingMs ? [path] : [],
  )
  if (old.length === 0) return { left: [], leased: [], open: new Set<string>() }
  const open = await openFiles(hdfs, collectFolder)
  const gone = new Set(await abandoned(old, open, look))
  const writes = cluster.hostsOf('flume').some(({ name }) => runs('flume', name))
  return {
    left: old.filter((path) => !open.has(path) || gone.has(path)),
    leased: writes ? [] : old.filter((path) => open.has(path) && !gone.has(path)),
    open,
  }
}

const named = (files: readonly string[]) =>
  `${files.slice(0, filesNamed).join(', ')}${files.length > filesNamed ? ` and ${files.length - filesNamed} more` : ''}`

const temporary: ServiceCheck = {
  id: 'flume-tmp',
  title: 'files left as .tmp',
  role: 'namenode',
  each: 'site',
  async look(look, host) {
    const { left, leased } = await leftBehind(look)
    if (left.length === 0 && leased.length === 0) return healthy(`none without a writer below ${collectFolder}`)
    if (left.length === 0) {
      return {
        state: 'warning',
        evidence: `${plural(leased.length, 'file')} still open, and no Flume runs: ${named(leased)}`,
        cause: 'Flume was killed; HDFS keeps a file open for its writer for 20 minutes',
        remedy:
          'smartcar flume start: what was begun before is then known to be nobody’s, and smartcar doctor --fix closes it',
      }
    }
    return {
      state: 'bad',
      evidence: `${plural(left.length, 'file')}: ${named(left)}`,
      cause:
        'Flume was killed before it closed them: their rows are there, but whoever leaves out .tmp files misses them',
      remedy:
        'smartcar doctor --fix takes .tmp off their names; rows that Flume had not confirmed are then in a second file too',
      repair: repair(
        {
          id: `repair/tmp-files@${host.name}`,
          title: 'finish files that were left as .tmp',
          reason: 'their writer is gone',
          host: host.name,
        },
        async () =>
          (await leftBehind(look)).left.map((path) => ({ kind: 'update', summary: `rename ${path} without .tmp` })),
        async (world) => {
          const { left: now, open } = await leftBehind(look)
          for (const path of now) await closeLeftFile(path, open.has(path), look.hdfs, look.cluster, world)
        },
      ),
    }
  },
}

const channels: ServiceCheck = {
  id: 'flume-channels',
  title: 'channels of Flume',
  role: 'flume',
  each: 'host',
  async look({ cluster, tools }, host) {
    const metrics = (await agentMetrics({ cluster, host }, tools)) ?? {}
    const fill = Object.entries(metrics).flatMap(([name, values]) =>
      name.startsWith('CHANNEL.') ? [{ name: name.slice(8), percent: Number(values.ChannelFillPercentage ?? 0) }] : [],
    )
    const evidence = fill.map(({ name, percent }) => `${name} ${Math.round(percent)} % full`).join(', ')
    if (fill.length === 0) return { state: 'unknown', evidence: 'its metrics name no channel' }
    if (fill.every(({ percent }) => percent < 90)) return healthy(evidence)
    return {
      state: 'bad',
      evidence,
      cause: 'its sink cannot deliver: HDFS or Kafka is down, in safe mode, or refuses the write',
      remedy: 'smartcar cluster status hdfs kafka; smartcar cluster logs flume',
    }
  },
}

export const flumeChecks: readonly ServiceCheck[] = [permission, temporary, channels]
