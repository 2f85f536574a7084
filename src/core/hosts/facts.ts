import { parseSystem, systemSnippet } from './system.js'

/** What a host says about itself. Sizes in bytes. */
export interface HostFacts {
  readonly hostName: string
  /** As the host's own resolver gives it; undefined when it has none. */
  readonly fqdn?: string
  readonly addresses: readonly string[]
  readonly os: {
    readonly name: string
    readonly version: string /** `el6`, `el7`, `debian12`, `ubuntu22.04` */
    readonly family: string
  }
  readonly kernel: string
  readonly architecture: string
  readonly init: 'systemd' | 'sysv' | 'unknown'
  readonly packages: readonly ('dnf' | 'yum' | 'apt')[]
  readonly memory: { readonly total: number; readonly available: number; readonly swap: number }
  readonly cores: number
  readonly disks: readonly {
    readonly mount: string
    readonly type: string
    readonly size: number
    readonly free: number
  }[]
  readonly python: readonly string[]
  /** Version text of each java found, with its path. */
  readonly java: readonly { readonly path: string; readonly version: string }[]
  readonly selinux?: string
  /** Milliseconds since 1970 by the host's clock. */
  readonly clock: number
  /** Seconds since its start. */
  readonly uptime: number
}

/** Prints every fact in one go, `key<TAB>value`; needs no root and nothing but a shell and coreutils. */
export const factsScript = `say() { printf '%s\\t%s\\n' "$1" "$2"; }
say hostName "$(hostname 2>/dev/null || uname -n)"
say fqdn "$(getent hosts "$(hostname 2>/dev/null || uname -n)" 2>/dev/null | awk '{ print $2; exit }')"
for a in $(hostname -I 2>/dev/null); do say address "$a"; done
${systemSnippet}
say kernel "$(uname -r)"
say architecture "$(uname -m)"
if [ -d /run/systemd/system ]; then say init systemd; elif [ -d /etc/rc.d/init.d ] || [ -d /etc/init.d ]; then say init sysv; fi
command -v systemctl >/dev/null 2>&1 && say systemctl yes
for p in dnf yum apt-get; do command -v $p >/dev/null 2>&1 && say package $p; done
awk '/^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal):/ { printf "mem.%s\\t%s\\n", $1, $2 }' /proc/meminfo
say cores "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c ^processor /proc/cpuinfo)"
df -PTk -x tmpfs -x devtmpfs -x squashfs 2>/dev/null | awk 'NR > 1 { printf "disk\\t%s\\t%s\\t%s\\t%s\\n", $7, $2, $3, $5 }'
for p in python python2 python3; do command -v $p >/dev/null 2>&1 && say python "$($p -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)"; done
for j in "$(command -v java 2>/dev/null)" "$JAVA_HOME/bin/java" /usr/java/*/bin/java /usr/lib/jvm/*/bin/java; do
  [ -x "$j" ] && say java "$j	$("$j" -version 2>&1 | head -1)"
done
command -v getenforce >/dev/null 2>&1 && say selinux "$(getenforce 2>/dev/null)"
say clock "$(date +%s%3N)"
say uptime "$(cut -d' ' -f1 /proc/uptime)"
`

/** Reads what `factsScript` printed; what is missing there is empty or 0 here. */
export function parseFacts(text: string): HostFacts {
  const rows = text.split('\n').map((line) => line.split('\t'))
  const values = (key: string) => rows.filter(([name]) => name === key).map(([, value = '']) => value)
  const one = (key: string) => values(key).find((value) => value !== '')
  const amount = (key: string) => Number(one(key) ?? 0) || 0
  const system = parseSystem(text)
  const memory = (key: string) => amount(`mem.${key}:`) * 1024
  const fqdn = one('fqdn')
  const selinux = one('selinux')
  const managers = new Set(values('package'))
  const java = rows.flatMap(([key, path, version]) =>
    key === 'java' && path !== undefined
      ? [{ path, version: /version "?([^"\s]+)"?/.exec(version ?? '')?.[1] ?? version ?? '' }]
      : [],
  )
  return {
    hostName: one('hostName') ?? '',
    ...(fqdn === undefined ? {} : { fqdn }),
    addresses: values('address'),
    os: { name: system.name, version: system.version, family: system.label },
    kernel: one('kernel') ?? '',
    architecture: one('architecture') ?? '',
    init:
      one('init') === 'systemd' || one('systemctl') === 'yes' ? 'systemd' : one('init') === 'sysv' ? 'sysv' : 'unknown',
    packages: (
      [
        ['dnf', 'dnf'],
        ['yum', 'yum'],
        ['apt-get', 'apt'],
      ] as const
    ).flatMap(([program, manager]) => (managers.has(program) ? [manager] : [])),
    memory: {
      total: memory('MemTotal'),
      // CentOS 6's kernel does not say what is available.
      available: memory('MemAvailable') || memory('MemFree') + memory('Buffers') + memory('Cached'),
      swap: memory('SwapTotal'),
    },
    cores: amount('cores'),
    disks: rows.flatMap(([key, mount = '', type = '', size, free]) =>
      key === 'disk' ? [{ mount, type, size: Number(size) * 1024, free: Number(free) * 1024 }] : [],
    ),
    python: [...new Set(values('python').filter((version) => version !== ''))],
    java: java.filter((found, index) => java.findIndex((other) => other.path === found.path) === index),
    ...(selinux === undefined ? {} : { selinux }),
    clock: amount('clock'),
    uptime: amount('uptime'),
  }
}
