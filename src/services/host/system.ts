import { FailedError } from '../../core/errors.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'

/** Prints what a system calls itself: CentOS 6 knows only /etc/redhat-release. */
export const systemSnippet = `echo "release: $(cat /etc/redhat-release 2>/dev/null)"
[ -r /etc/os-release ] && ( . /etc/os-release; echo "id: $ID $ID_LIKE"; echo "version: $VERSION_ID"; echo "name: $PRETTY_NAME" )
:`

export interface HostSystem {
  readonly family: SystemFamily | undefined
  /** As people call it: `CentOS release 6.10 (Final)`. */
  readonly name: string
}

/** What `systemSnippet` printed; `family` is undefined for a system that no step knows. */
export function parseSystem(stdout: string): HostSystem {
  const value = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(stdout)?.[1]?.trim() ?? ''
  const release = value('release')
  const name = release || value('name') || 'an unknown system'
  const ids = value('id').split(' ')
  const major =
    /release (\d+)/.exec(release)?.[1] ?? (ids.includes('rhel') ? value('version').split('.')[0] : undefined)
  if (major === '6') return { family: 'el6', name }
  if (major === '7') return { family: 'el7', name }
  if (release === '' && (ids.includes('debian') || ids.includes('ubuntu'))) return { family: 'debian', name }
  return { family: undefined, name }
}

/** Throws FailedError for a system that the steps do not know: nothing is tried there. */
export function supportedFamily(host: string, system: HostSystem): SystemFamily {
  if (system.family !== undefined) return system.family
  throw new FailedError('SYSTEM_UNSUPPORTED', `${host} runs ${system.name}, which smartcar cannot provision`, {
    hints: ['CentOS 6 and 7 (and what is built like them), Debian and Ubuntu are supported'],
    data: { host, system: system.name },
  })
}
