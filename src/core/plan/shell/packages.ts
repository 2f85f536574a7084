import { shellQuote } from '../../transport.js'
import { changeOrOk, type Step } from '../step.js'
import { leftBehind, type StepHead, shellStep } from './shell-step.js'
import type { SystemFamily } from './system.js'

const installTimeoutMs = 30 * 60_000

/** Prints the names that are not installed. */
function missingSnippet(family: SystemFamily, names: readonly string[]): string {
  const installed =
    family === 'debian'
      ? `[ "$(dpkg-query -W -f '\${db:Status-Status}' "$n" 2>/dev/null)" = installed ]`
      : 'rpm -q --whatprovides "$n" >/dev/null 2>&1'
  return `for n in ${names.map(shellQuote).join(' ')}; do ${installed} || echo "$n"; done`
}

/** Installs packages without a question. */
function installScript(family: SystemFamily, names: readonly string[], repository: string | undefined): string {
  const words = names.map(shellQuote).join(' ')
  if (family === 'debian') {
    const apt = `apt-get -q -o DPkg::Lock::Timeout=120${repository === undefined ? '' : aptOnly(repository)}`
    return `export DEBIAN_FRONTEND=noninteractive
${apt} update
${apt} -y -o Dpkg::Options::=--force-confold install --no-install-recommends ${words}`
  }
  const only = repository === undefined ? '' : ` --disablerepo='*' --enablerepo=${repository}`
  return `yum -y -q${only} install ${words}`
}

/** One file of /etc/apt/sources.list.d alone; the lists of the others stay. */
function aptOnly(name: string): string {
  return ` -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/${name}.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0`
}

/** Packages that are installed; versions are the repositories' matter. */
export function packagesStep(
  definition: StepHead & {
    readonly family: SystemFamily
    readonly names: readonly string[]
    /** Name of the repository that they come from; all that the host knows when left out. */
    readonly repository?: string | undefined
  },
): Step {
  const { family, names, id, host, repository } = definition
  const kept = `packages-${id.replace(/^.*\//, '').replace(/@.*$/, '')}`
  const snippet = missingSnippet(family, names)
  const missing = (stdout: string) => stdout.split('\n').filter((line) => line !== '')
  const step = shellStep({
    ...definition,
    check: {
      shell: snippet,
      interpret: ({ stdout }) =>
        changeOrOk(
          missing(stdout).map((name) => ({
            kind: 'create',
            summary: `install ${name}`,
            before: 'not installed',
            after: 'installed',
          })),
        ),
    },
    command: `${family === 'debian' ? 'apt-get' : 'yum'} install ${names.join(' ')}`,
    timeoutMs: installTimeoutMs,
    // Kept before installing: after a kill in the middle it is still known what was not there.
    apply: () => `want=$(${snippet})
[ -n "$want" ] || exit 0
mkdir -p "$originals" && chmod 700 "$originals"
all=$({ cat "$originals/${kept}" 2>/dev/null || :; echo "$want"; } | sort -u)
echo "$all" | replace "$originals/${kept}"
${installScript(family, names, repository)}`,
    undo: leftBehind(
      kept,
      (text) => `packages ${text.split('\n').join(', ')} on ${host}: other software may need them by now`,
    ),
  })
  return { ...step, packages: names }
}
