import { bytes } from '../../../render/format.js'
import { type Diagnosis, type HostCheck, type HostCheckInput, healthy } from '../check.js'

/** YARN calls a node unhealthy from 90 % on, and its jobs then stay ACCEPTED (pilot.md, section 1). */
const fullPercent = 90

function folders({ site }: HostCheckInput): readonly string[] {
  return ['/', '/var', '/tmp', '/opt', ...site.provision.directories.map(({ path }) => path)]
}

interface FileSystem {
  readonly mount: string
  readonly usedPercent: number
  /** KiB or inodes */
  readonly free: number
}

/** Prints one line of df a file system, each once; a folder that is not there stands for the nearest that is. */
function dfSnippet(option: string, input: HostCheckInput): string {
  return `for d in ${folders(input).join(' ')}; do while [ ! -e "$d" ]; do d=$(dirname "$d"); done; df -P${option} "$d" | tail -n 1; done | sort -u`
}

function parse(stdout: string): readonly FileSystem[] {
  const systems = stdout.split('\n').flatMap((line) => {
    const [, , , free, used = '', ...mount] = line.trim().split(/\s+/)
    const usedPercent = Number(used.replace('%', ''))
    // File systems without a fixed number of inodes say "-".
    return mount.length === 0 || Number.isNaN(usedPercent)
      ? []
      : [{ mount: mount.join(' '), usedPercent, free: Number(free) }]
  })
  return [...new Map(systems.map((one) => [one.mount, one])).values()]
}

function diagnose(found: readonly FileSystem[], show: (system: FileSystem) => string, what: string): Diagnosis {
  if (found.length === 0) return { state: 'unknown', evidence: 'df says nothing' }
  const full = found.filter(({ usedPercent }) => usedPercent > fullPercent)
  const evidence = (full.length > 0 ? full : found).map(show).join(', ')
  if (full.length === 0) return healthy(evidence)
  return {
    state: 'bad',
    evidence,
    cause: `${what}: from ${fullPercent} % on YARN calls the node unhealthy and its jobs stay ACCEPTED`,
    remedy: 'delete old logs and downloads (du -xh / | sort -h | tail), or give the machine a larger disk',
  }
}

export const diskSpace: HostCheck = {
  id: 'disk-space',
  title: 'disk space',
  shell: (input) => dfSnippet('k', input),
  interpret: ({ stdout }) =>
    diagnose(
      parse(stdout),
      ({ mount, usedPercent, free }) => `${mount} ${usedPercent} % used, ${bytes(free * 1024)} free`,
      'a disk is nearly full',
    ),
}

export const inodes: HostCheck = {
  id: 'inodes',
  title: 'inodes',
  shell: (input) => `${dfSnippet('i', input)}\necho inodes`,
  interpret: ({ stdout }) => {
    const found = parse(stdout)
    if (found.length === 0 && stdout.includes('inodes')) return healthy('its file systems have no fixed number')
    return diagnose(
      found,
      ({ mount, usedPercent }) => `${mount} ${usedPercent} % used`,
      'a file system has nearly no inodes left',
    )
  },
}
