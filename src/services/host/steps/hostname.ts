import { fields, shellStep, undoFromKept } from '../../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type Step } from '../../../core/plan/step.js'
import { shellQuote } from '../../../core/transport.js'
import { type HostStepsInput, head } from '../input.js'

const network = '/etc/sysconfig/network'

/** Where the name is read from at boot: HOSTNAME= of SysV's network settings, or /etc/hostname. */
function bootName(el6: boolean): string {
  return el6
    ? `sed -n 's/^HOSTNAME=//p' ${network} 2>/dev/null | tail -n 1 | tr -d '"'`
    : 'cat /etc/hostname 2>/dev/null'
}

function setName(el6: boolean, name: string): string {
  const word = shellQuote(name)
  const boot = el6 ? `setting ${network} HOSTNAME ${word}` : `echo ${word} | replace /etc/hostname`
  return `hostname ${word}\n${boot}`
}

export function hostname(input: HostStepsInput): Step {
  const el6 = input.family === 'el6'
  const wanted = input.host.fqdn
  return shellStep({
    ...head(input, 'hostname', {
      title: 'host name',
      reason: 'agents and daemons announce themselves by it',
      group: 'network',
    }),
    check: {
      shell: `echo "now: $(hostname)"\necho "boot: $(${bootName(el6)})"`,
      interpret: ({ stdout }) => {
        const found = fields(stdout)
        const changes: Change[] = []
        const now = found.get('now') ?? ''
        const boot = found.get('boot') ?? ''
        if (now !== wanted) changes.push({ kind: 'update', summary: 'set the host name', before: now, after: wanted })
        if (boot !== wanted)
          changes.push({
            kind: 'update',
            summary: `set the host name in ${el6 ? network : '/etc/hostname'}`,
            before: boot,
            after: wanted,
          })
        return changeOrOk(changes)
      },
    },
    command: `hostname ${wanted}`,
    apply: () => `hostname | keep hostname\n${setName(el6, wanted)}`,
    undo: undoFromKept(
      input.host.name,
      'hostname',
      (kept) => `set the host name back to ${kept.trim()}`,
      (kept) => setName(el6, kept.trim()),
    ),
  })
}
