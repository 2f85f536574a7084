import { packagesStep } from '../../../core/plan/shell/packages.js'
import { shellStep, undoFromKept } from '../../../core/plan/shell/shell-step.js'
import type { Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'
import { packageSource, repositorySteps } from './packages.js'

const defaults = {
  el6: 'java-1.8.0-openjdk-devel',
  el7: 'java-1.8.0-openjdk-devel',
  debian: 'default-jdk-headless',
} as const

const link = '/usr/java/default'

/** The newest JDK that the packages have put anywhere. */
const findHome = `found=$(for d in /usr/java/jdk* /usr/lib/jvm/*; do [ -x "$d/bin/java" ] && echo "$d"; done | sort -V | tail -n 1)
if [ -z "$found" ]; then j=$(command -v java) && found=$(readlink -f "$j") && found=\${found%/bin/java}; fi
[ -n "$found" ] || { echo 'no Java was found in /usr/java, /usr/lib/jvm or PATH' >&2; exit 1; }
home=$found`

export function jdk(input: HostStepsInput): Step | undefined {
  const name = input.provision.jdk.package
  if (name === 'none') return undefined
  return packagesStep({
    ...head(
      input,
      'jdk',
      { title: 'JDK', reason: 'every service of the platform runs on Java', group: 'packages' },
      repositorySteps(input),
    ),
    family: input.family,
    names: [name === 'default' ? defaults[input.family] : name],
    repository: packageSource(input),
  })
}

/** /usr/java/default is where Cloudera's scripts look first. */
export function javaHome(input: HostStepsInput): Step | undefined {
  const { home, package: name } = input.provision.jdk
  if (name === 'none' && home === undefined) return undefined
  const wanted = home === undefined ? findHome : `home=${home}\n[ -x "$home/bin/java" ]`
  return shellStep({
    ...head(
      input,
      'java-home',
      { title: 'Java home', reason: 'services find Java without searching', group: 'packages' },
      name === 'none' ? [] : ['jdk'],
    ),
    check: {
      shell: `[ -x ${link}/bin/java ] && readlink -f ${link}`,
      interpret: ({ code, stdout }) => {
        const found = stdout.trim()
        if (code === 0 && (home === undefined || found === home)) return { state: 'ok' }
        return {
          state: 'change',
          changes: [
            {
              kind: found === '' ? 'create' : 'update',
              summary: `point ${link} to ${home ?? 'the newest JDK'}`,
              ...(found === '' ? {} : { before: found }),
              ...(home === undefined ? {} : { after: home }),
            },
          ],
        }
      },
    },
    command: `ln -s JDK ${link}`,
    apply: () => `${wanted}
if [ -L ${link} ]; then readlink ${link}; else echo absent; fi | keep java-home
mkdir -p ${link.slice(0, link.lastIndexOf('/'))}
ln -sfn "$home" ${link}`,
    undo: undoFromKept(
      input.host.name,
      'java-home',
      (kept) => (kept.trim() === 'absent' ? `remove ${link}` : `point ${link} back to ${kept.trim()}`),
      (kept) => (kept.trim() === 'absent' ? `rm -f ${link}` : `ln -sfn '${kept.trim()}' ${link}`),
    ),
  })
}
