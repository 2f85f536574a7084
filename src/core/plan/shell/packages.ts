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
function installScript(family: SystemFamily, names: readonly string[]): string {
  const words = names.map(shellQuote).join(' ')
  if (family === 'debian') {
    return `export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=120 update
apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold install --no-install-recommends ${words}`
  }
  return `yum -y -q install ${words}`
}

/** Packages that are installed; versions are the repositories' matter. */
export function packagesStep(
  definition: StepHead & { readonly family: SystemFamily; readonly names: readonly string[] },
): Step {
  const { family, names, id, host } = definition
  const kept = `packages-${id.replace(/^.*\//, '').replace(/@.*$/, '')}`
  const snippet = missingSnippet(family, names)
  const missing = (stdout: string) => stdout.split('\n').filter((line) => line !== '')
  return shellStep({
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
${installScript(family, names)}`,
    undo: leftBehind(
      kept,
      (text) => `packages ${text.split('\n').join(', ')} on ${host}: other software may need them by now`,
    ),
  })
}
