import { blockStep } from '../../../core/plan/shell/file-step.js'
import { fields, shellStep, undoFromKept } from '../../../core/plan/shell/shell-step.js'
import { changeOrOk, type Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

/** Reached over IPv6, a host must keep it. */
function settings(input: HostStepsInput): readonly { readonly key: string; readonly value: string }[] {
  const overIpv6 = input.hosts.some(({ address }) => address.includes(':'))
  return input.provision.sysctl.filter(({ key }) => !(overIpv6 && key.startsWith('net.ipv6.')))
}

const procFile = (key: string) => `/proc/sys/${key.replaceAll('.', '/')}`
const printAll = (keys: readonly string[]) =>
  keys.map((key) => `[ -e ${procFile(key)} ] && echo "${key}: $(cat ${procFile(key)})"`).join('\n')

export function sysctl(input: HostStepsInput): Step | undefined {
  const wanted = settings(input)
  if (wanted.length === 0) return undefined
  const keys = wanted.map(({ key }) => key)
  return shellStep({
    ...head(input, 'sysctl', {
      title: 'kernel parameters, now',
      reason: 'swapping stalls daemons, Hadoop speaks IPv4',
      group: 'kernel',
    }),
    check: {
      shell: printAll(keys),
      interpret: ({ stdout }) => {
        const found = fields(stdout)
        return changeOrOk(
          wanted.flatMap(({ key, value }) => {
            const now = found.get(key)?.replaceAll(/\s+/g, ' ').trim()
            if (now === undefined || now === value.replaceAll(/\s+/g, ' ')) return []
            return [{ kind: 'update' as const, summary: `set ${key}`, before: now, after: value }]
          }),
        )
      },
    },
    command: `sysctl -w ${wanted.map(({ key, value }) => `${key}=${value}`).join(' ')}`,
    apply: () =>
      [
        `{ ${printAll(keys)}\n:; } | keep sysctl`,
        ...wanted.map(({ key, value }) => `if [ -e ${procFile(key)} ]; then sysctl -q -w ${key}='${value}'; fi`),
      ].join('\n'),
    undo: undoFromKept(
      input.host.name,
      'sysctl',
      (kept) => `kernel parameters back to ${[...fields(kept)].map(([key, value]) => `${key}=${value}`).join(', ')}`,
      (kept) => [...fields(kept)].map(([key, value]) => `sysctl -q -w ${key}='${value}'`).join('\n'),
    ),
  })
}

/** CentOS 6 reads only sysctl.conf; elsewhere a file of our own that is read last. */
export function sysctlAtBoot(input: HostStepsInput): Step | undefined {
  const wanted = settings(input)
  if (wanted.length === 0) return undefined
  return blockStep({
    ...head(input, 'sysctl-boot', {
      title: 'kernel parameters, at boot',
      reason: 'the settings do not outlive a boot',
      group: 'kernel',
    }),
    path: input.family === 'el6' ? '/etc/sysctl.conf' : '/etc/sysctl.d/99-zz-smartcar.conf',
    block: 'sysctl',
    body: wanted.map(({ key, value }) => `${key} = ${value}`),
  })
}
