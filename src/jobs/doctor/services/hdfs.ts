import { hostView } from '../../../core/cluster/service.js'
import { runScript } from '../../../core/plan/shell/shell-step.js'
import { javaTool } from '../../../distributions/apache/role-control.js'
import { plural } from '../../../render/format.js'
import { fsck, hdfsReport, safeModeOf } from '../../../services/hdfs/health.js'
import { hadoopTool } from '../../../services/hdfs/service.js'
import { healthy, type ServiceCheck } from '../check.js'
import { mayAccess, repair } from './tools.js'

/** As YARN and the disk check see it. */
const fullPercent = 90
const namedFiles = 10

const safeMode: ServiceCheck = {
  id: 'hdfs-safe-mode',
  title: 'safe mode of HDFS',
  role: 'namenode',
  each: 'site',
  async look(look, host) {
    const { on, why } = await safeModeOf(look.hdfs)
    if (!on) return healthy('off')
    const report = await hdfsReport(look.hdfs)
    const live = report.dataNodes.filter(({ state }) => state === 'live').length
    const expected = look.cluster.hostsOf('datanode').length
    const evidence = why.replace(/\s+/g, ' ').trim() || 'on'
    if (report.missingBlocks > 0 || live < expected) {
      return {
        state: 'bad',
        evidence: `${evidence}; ${live} of ${expected} DataNodes live, ${plural(report.missingBlocks, 'block')} missing`,
        cause: 'the NameNode waits for blocks that no live DataNode has reported',
        remedy: 'smartcar cluster start hdfs, and wait for the DataNodes; what is gone for good: smartcar hdfs fsck',
        ...(live < expected ? { start: 'hdfs' } : {}),
      }
    }
    if (/resources are low/i.test(why)) {
      return {
        state: 'bad',
        evidence,
        cause: `the disk of the NameNode's data is full (${host.folders.data}): it goes back to safe mode until there is space`,
        remedy: `free space on ${host.name}, then smartcar doctor --fix`,
      }
    }
    return {
      state: 'bad',
      evidence,
      cause: /manual/i.test(why)
        ? 'somebody turned it on'
        : 'after a power cut or a quick restart HDFS waits for the reports of its DataNodes',
      remedy: 'no block is missing: smartcar doctor --fix leaves it (DFSAdmin -safemode leave)',
      repair: repair(
        {
          id: `repair/safe-mode@${host.name}`,
          title: 'leave the safe mode of HDFS',
          reason: 'no block is missing',
          host: host.name,
        },
        async () => ((await safeModeOf(look.hdfs)).on ? [{ kind: 'run', summary: 'DFSAdmin -safemode leave' }] : []),
        async (world) => {
          const view = hostView(look.cluster, host)
          const launch = hadoopTool(view, 'org.apache.hadoop.hdfs.tools.DFSAdmin', ['-safemode', 'leave'])
          await runScript(world, host.name, javaTool(look.cluster, host, launch), {
            command: 'DFSAdmin -safemode leave',
          })
        },
      ),
    }
  },
}

const blocks: ServiceCheck = {
  id: 'hdfs-blocks',
  title: 'blocks of HDFS',
  role: 'namenode',
  each: 'site',
  async look({ hdfs }) {
    const report = await hdfsReport(hdfs)
    if (report.missingBlocks === 0 && report.corruptBlocks === 0)
      return healthy(`${plural(report.blocks, 'block')}, none missing or corrupt`)
    const { problems } = await fsck(hdfs, '/')
    const files = [...new Set(problems.filter(({ kind }) => kind !== 'under replicated').map(({ path }) => path))]
    const more = files.length > namedFiles ? ` and ${files.length - namedFiles} more` : ''
    return {
      state: 'bad',
      evidence: `${report.missingBlocks} missing, ${report.corruptBlocks} corrupt: ${files.slice(0, namedFiles).join(', ') || 'no file has them any more'}${more}`,
      cause: 'a DataNode that had the only copy does not run, or its disk lost them',
      remedy:
        'start every DataNode (smartcar cluster start hdfs): the blocks come back with it; what is gone for good: smartcar hdfs rm FILE, and put it again',
    }
  },
}

const dataNodes: ServiceCheck = {
  id: 'hdfs-datanodes',
  title: 'DataNodes',
  role: 'namenode',
  each: 'site',
  async look({ hdfs, cluster, runs }) {
    const { dataNodes: nodes } = await hdfsReport(hdfs)
    const expected = cluster.hostsOf('datanode')
    const live = nodes.filter(({ state }) => state === 'live')
    const dead = nodes.filter(({ state }) => state === 'dead')
    const stopped = expected.filter(({ name }) => !runs('datanode', name))
    const full = live.flatMap(({ node, capacity = 0, free = 0 }) => {
      const used = capacity === 0 ? 0 : Math.round((1 - free / capacity) * 100)
      return used > fullPercent ? [`${node} ${used} % used`] : []
    })
    const failed = live.filter(({ failedVolumes = 0 }) => failedVolumes > 0).map(({ node }) => node)
    if (dead.length > 0 || stopped.length > 0 || live.length < expected.length) {
      const names = [
        ...new Set([
          ...dead.map(({ node }) => `${node} is dead`),
          ...stopped.map(({ name }) => `none runs on ${name}`),
        ]),
      ]
      return {
        state: 'bad',
        evidence: `${live.length} of ${expected.length} live${names.length === 0 ? '' : `: ${names.join(', ')}`}`,
        cause: 'its process ended, its host is down, or it cannot reach the NameNode',
        remedy: 'smartcar cluster start hdfs; smartcar cluster logs datanode says why it ended',
        start: 'hdfs',
      }
    }
    if (full.length > 0 || failed.length > 0) {
      return {
        state: 'bad',
        evidence: [...full, ...failed.map((node) => `${node} has lost a disk`)].join(', '),
        cause: `over ${fullPercent} % a DataNode soon takes no more blocks`,
        remedy: 'smartcar hdfs du / shows what takes the space; rm what is not needed, or add a DataNode',
      }
    }
    return healthy(`${live.length} of ${expected.length} live`)
  },
}

const userFolder: ServiceCheck = {
  id: 'hdfs-user',
  title: 'home folder in HDFS',
  role: 'namenode',
  each: 'site',
  async look(look, host) {
    const { user, hdfs } = look
    const path = `/user/${user}`
    const entry = await hdfs.stat(path)
    const access = entry === undefined ? 'absent' : await mayAccess(look, path, 'rwx', user)
    if (entry !== undefined && access === 'yes' && entry.owner === user) return healthy(`${path}, of ${entry.owner}`)
    if (entry !== undefined && access === 'yes')
      return {
        state: 'warning',
        evidence: `${path} belongs to ${entry.owner}, mode ${entry.permission}`,
        cause: `${user} writes to it as HDFS's superuser alone`,
        remedy: `smartcar hdfs chown ${user} ${path}`,
      }
    return {
      state: 'bad',
      evidence:
        entry === undefined ? `${path} is not there` : `${path} belongs to ${entry.owner}, mode ${entry.permission}`,
      cause: 'YARN and Spark put the files of a job there: every job of this account fails',
      remedy: `smartcar doctor --fix gives ${path} to ${user}`,
      repair: repair(
        {
          id: `repair/user-folder@${host.name}`,
          title: `give ${path} to ${user}`,
          reason: 'jobs need it',
          host: host.name,
        },
        async () => {
          const now = await hdfs.stat(path)
          if (now?.owner === user && (await mayAccess(look, path, 'rwx', user)) === 'yes') return []
          return [{ kind: now === undefined ? 'create' : 'update', summary: `${path} of ${user}` }]
        },
        async () => {
          if ((await hdfs.stat(path)) === undefined) await hdfs.mkdir(path, '755')
          await hdfs.chown(path, user, '')
          if ((await mayAccess(look, path, 'rwx', user)) === 'no') await hdfs.chmod(path, '755')
        },
      ),
    }
  },
}

export const hdfsChecks: readonly ServiceCheck[] = [safeMode, blocks, dataNodes, userFolder]
