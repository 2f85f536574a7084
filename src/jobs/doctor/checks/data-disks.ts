/** The disks that DataNode and NodeManager work on, as those two see them. */
import { clusterOf } from '../../../core/cluster/cluster.js'
import { shellQuote } from '../../../core/transport.js'
import { bytes } from '../../../render/format.js'
import { type HostCheck, type HostCheckInput, healthy } from '../check.js'

/** From here on doctor says so; the pilot's YARN stopped here. */
const fullPercent = 90
/** What the profile sets for YARN unless the site sets another. */
const yarnPercent = 95
const yarnSetting = 'yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage'

const workers = ['nodemanager', 'datanode'] as const

function folders({ site, host }: HostCheckInput) {
  const cluster = clusterOf(site)
  const here = cluster.hosts.find(({ name }) => name === host.name)
  return workers.flatMap((role) =>
    here?.roles.includes(role) === true ? [{ role, folder: `${here.folders.data}/${role}` }] : [],
  )
}

/** Use in per cent from which on YARN calls a node unhealthy. */
export function yarnThreshold(site: HostCheckInput['site']): number {
  const set = Number(clusterOf(site).properties('yarn', 'yarn-site.xml')[yarnSetting])
  return set > 0 ? set : yarnPercent
}

export const dataDisks: HostCheck = {
  id: 'data-disks',
  title: 'disks of DataNode and NodeManager',
  shell: (input) =>
    folders(input)
      .map(
        ({ role, folder }) =>
          `d=${shellQuote(folder)}; while [ ! -e "$d" ]; do d=$(dirname "$d"); done; echo "${role} $(df -Pk "$d" | tail -n 1)"`,
      )
      .join('\n') || ':',
  interpret({ stdout }, input) {
    if (folders(input).length === 0) return healthy('neither is here')
    const seen = stdout.split('\n').flatMap((line) => {
      const [role = '', , , , free, used = '', ...mount] = line.trim().split(/\s+/)
      return used === ''
        ? []
        : [{ role, free: Number(free) * 1024, used: Number(used.replace('%', '')), mount: mount.join(' ') }]
    })
    if (seen.length === 0) return { state: 'unknown', evidence: 'df says nothing' }
    const stop = yarnThreshold(input.site)
    const text = (of: typeof seen) =>
      of.map(({ role, mount, used, free }) => `${role}: ${mount} ${used} % used, ${bytes(free)} free`).join('; ')
    const stopped = seen.filter(({ role, used }) => role === 'nodemanager' && used >= stop)
    const full = seen.filter(({ used }) => used > fullPercent)
    const remedy =
      'free some space (du -xh | sort -h | tail; smartcar hdfs du /), or move the services with services.root'
    if (stopped.length > 0) {
      return {
        state: 'bad',
        evidence: text(stopped),
        cause: `from ${stop} % on YARN marks the node unhealthy, and jobs stay in ACCEPTED`,
        remedy,
      }
    }
    if (full.length > 0) {
      return {
        state: 'bad',
        evidence: text(full),
        cause: `over ${fullPercent} %: YARN marks the node unhealthy from ${stop} % on, and a DataNode takes no more blocks when it is full`,
        remedy,
      }
    }
    return healthy(text(seen))
  },
}
