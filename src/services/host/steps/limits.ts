import { blockStep } from '../../../core/plan/shell/file-step.js'
import type { Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

/** For every account and, since `*` does not mean it, for root. */
export function limits(input: HostStepsInput): Step {
  const { nofile, nproc } = input.provision.limits
  return blockStep({
    ...head(input, 'limits', {
      title: 'limits of open files and processes',
      reason: "a DataNode or a broker soon has more files open than the system's default allows",
      group: 'kernel',
    }),
    path: '/etc/security/limits.d/99-smartcar.conf',
    block: 'limits',
    body: ['*', 'root'].flatMap((account) => [`${account} - nofile ${nofile}`, `${account} - nproc ${nproc}`]),
  })
}
