import { fields, shellStep, undoFromKept } from '../../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type Finding, type Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

const config = '/etc/selinux/config'

const setBoot = (mode: string) => `setting ${config} SELINUX ${mode}`

/** Permissive or disabled; an absent SELinux is fine, and so is one that is already disabled. */
export function selinux(input: HostStepsInput): Step | undefined {
  const wanted = input.provision.selinux
  if (input.family === 'debian' || wanted === 'keep') return undefined
  const interpret = ({ stdout }: { readonly stdout: string }): Finding => {
    const found = fields(stdout)
    const now = found.get('now') ?? ''
    const boot = found.get('boot') ?? ''
    const changes: Change[] = []
    if (now === 'Enforcing')
      changes.push({ kind: 'update', summary: 'set SELinux permissive now', before: now, after: 'Permissive' })
    if (boot !== '' && boot !== wanted && boot !== 'disabled')
      changes.push({ kind: 'update', summary: `set SELINUX=${wanted} in ${config}`, before: boot, after: wanted })
    if (changes.length === 0 && wanted === 'disabled' && now === 'Permissive')
      return { state: 'ok', note: 'SELinux is permissive until the next boot' }
    return changeOrOk(changes)
  }
  return shellStep({
    ...head(input, 'selinux', {
      title: 'SELinux',
      reason: "Hadoop's daemons and Cloudera's agent have no policy for it",
      group: 'security',
    }),
    check: {
      shell: `echo "now: $(getenforce 2>/dev/null)"\necho "boot: $(sed -n 's/^SELINUX=//p' ${config} 2>/dev/null | tail -n 1)"`,
      interpret,
    },
    command: 'setenforce 0',
    apply: () => `{ getenforce; sed -n 's/^SELINUX=//p' ${config}; } 2>/dev/null | keep selinux
if [ "$(getenforce 2>/dev/null)" = Enforcing ]; then setenforce 0; fi
case "$(sed -n 's/^SELINUX=//p' ${config} 2>/dev/null | tail -n 1)" in ''|disabled|${wanted}) ;; *) ${setBoot(wanted)} ;; esac`,
    undo: undoFromKept(
      input.host.name,
      'selinux',
      (kept) => `SELinux back to ${kept.trim().split('\n').join(', at boot ')}`,
      (kept) => {
        const [now = '', boot = ''] = kept.trim().split('\n')
        return [
          now === 'Enforcing' ? 'if [ "$(getenforce)" = Permissive ]; then setenforce 1; fi' : '',
          boot === '' ? '' : setBoot(boot),
        ].join('\n')
      },
    ),
  })
}
