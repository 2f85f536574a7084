import { blockStep, fileStep } from '../../../core/plan/shell/file-step.js'
import { shellStep, undoFromKept } from '../../../core/plan/shell/shell-step.js'
import { changeOrOk, type Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

/** CentOS 6 calls it redhat_transparent_hugepage. */
const files =
  '/sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/mm/transparent_hugepage/defrag /sys/kernel/mm/redhat_transparent_hugepage/enabled /sys/kernel/mm/redhat_transparent_hugepage/defrag'
const each = (body: string) => `for f in ${files}; do [ -w "$f" ] || continue; ${body}; done`

/** `always madvise [never]` means never. A plain word is what stand-ins of the kernel's file show. */
function chosen(text: string): string {
  return /\[(\w+)\]/.exec(text)?.[1] ?? text.trim()
}

function lines(stdout: string): readonly { readonly file: string; readonly value: string }[] {
  return stdout.split('\n').flatMap((line) => {
    const at = line.indexOf('=')
    return at === -1 ? [] : [{ file: line.slice(0, at), value: chosen(line.slice(at + 1)) }]
  })
}

const printEach = each('echo "$f=$(cat "$f")"')

export function hugePages(input: HostStepsInput): Step | undefined {
  if (input.provision.huge_pages === 'keep') return undefined
  return shellStep({
    ...head(input, 'huge-pages', {
      title: 'transparent huge pages, now',
      reason: 'they stall Java heaps for seconds',
      group: 'kernel',
    }),
    check: {
      shell: printEach,
      interpret: ({ stdout }) =>
        changeOrOk(
          lines(stdout)
            .filter(({ value }) => value !== 'never')
            .map(({ file, value }) => ({
              kind: 'update',
              summary: `write never to ${file}`,
              before: value,
              after: 'never',
            })),
        ),
    },
    command: 'echo never > /sys/kernel/mm/transparent_hugepage/enabled',
    apply: () => `{ ${printEach}; } | keep huge-pages\n${each('echo never >"$f"')}`,
    undo: undoFromKept(
      input.host.name,
      'huge-pages',
      (kept) =>
        `huge pages back to ${lines(kept)
          .map(({ value }) => value)
          .join(', ')}`,
      (kept) =>
        lines(kept)
          .map(({ file, value }) => `echo ${value} >${file}`)
          .join('\n'),
    ),
  })
}

export function hugePagesAtBoot(input: HostStepsInput): Step | undefined {
  if (input.provision.huge_pages === 'keep') return undefined
  const about = head(input, 'huge-pages-boot', {
    title: 'transparent huge pages, at boot',
    reason: 'the setting does not outlive a boot',
    group: 'kernel',
  })
  if (input.family === 'debian') {
    const text = ['enabled', 'defrag']
      .map((name) => `w- /sys/kernel/mm/transparent_hugepage/${name} - - - - never\n`)
      .join('')
    return fileStep({ ...about, path: '/etc/tmpfiles.d/smartcar.conf', edit: () => text, revert: () => '' })
  }
  return blockStep({
    ...about,
    path: '/etc/rc.d/rc.local',
    block: 'huge pages',
    mode: 0o755,
    body: [`${each('echo never >"$f"')}`],
    // A new rc.local would not be run without this line.
    adjust: (text) => (text === '' ? '#!/bin/sh\n' : text),
  })
}
