import { FailedError } from '../errors.js'
import type { SystemFamily } from '../plan/shell/system.js'

/** Prints what a system calls itself, `key<TAB>value`: CentOS 6 knows only /etc/redhat-release. POSIX sh, read-only. */
export const systemSnippet = `for f in /etc/redhat-release /etc/debian_version; do [ -r $f ] && printf '%s\\t%s\\n' "\${f##*/}" "$(head -n 1 $f)"; done
[ -r /etc/os-release ] && sed -n 's/^\\(ID\\|ID_LIKE\\|VERSION_ID\\|PRETTY_NAME\\)="\\{0,1\\}\\([^"]*\\)"\\{0,1\\}$/os.\\1\\t\\2/p' /etc/os-release
:`

export interface HostSystem {
  /** As people call it: `CentOS release 6.10 (Final)`. */
  readonly title: string
  /** `CentOS`, `Debian GNU/Linux 12 (bookworm)`; `unknown` when nothing says it. */
  readonly name: string
  /** `6.10`, `22.04` */
  readonly version: string
  /** `el6`, `el9`, `debian12`, `ubuntu22.04`, `unknown` */
  readonly label: string
  /** undefined for a system that no step knows */
  readonly family: SystemFamily | undefined
}

function familyOf(label: string, ids: readonly string[]): SystemFamily | undefined {
  if (label === 'el6' || label === 'el7') return label
  return ids.includes('debian') || ids.includes('ubuntu') ? 'debian' : undefined
}

/** What `systemSnippet` printed, also among other lines of this kind. */
export function parseSystem(text: string): HostSystem {
  const rows = text.split('\n').map((line) => line.split('\t'))
  const value = (key: string) => rows.find(([name]) => name === key)?.[1]?.trim() ?? ''
  const release = value('redhat-release')
  const ids = `${value('os.ID')} ${value('os.ID_LIKE')}`.split(' ').filter((id) => id !== '')
  const pretty = value('os.PRETTY_NAME')
  const title = release || pretty || 'an unknown system'
  const red = /^(.*?)\s+(?:Linux\s+)?release\s+(\d+)([\d.]*)/.exec(release)
  if (red !== null) {
    const label = `el${red[2]}`
    return { title, name: red[1] ?? '', version: `${red[2]}${red[3]}`, label, family: familyOf(label, []) }
  }
  const version = value('os.VERSION_ID') || value('debian_version')
  const [id = ''] = ids
  const label = id === '' ? 'unknown' : ids.includes('rhel') ? `el${version.split('.')[0]}` : `${id}${version}`
  return { title, name: pretty || id || 'unknown', version, label, family: familyOf(label, ids) }
}

/** Throws FailedError for a system that the steps do not know: nothing is tried there. */
export function supportedFamily(host: string, system: HostSystem): SystemFamily {
  if (system.family !== undefined) return system.family
  throw new FailedError('SYSTEM_UNSUPPORTED', `${host} runs ${system.title}, which smartcar cannot provision`, {
    hints: ['CentOS 6 and 7 (and what is built like them), Debian and Ubuntu are supported'],
    data: { host, system: system.title },
  })
}
