import { type Diagnosis, type HostCheck, healthy } from '../check.js'

/** Prints `status url` for each enabled repository, as curl on the host sees it; eight seconds each, side by side. */
const yumSnippet = `v=$(rpm -q --qf '%{VERSION}' centos-release 2>/dev/null | cut -d. -f1); a=$(uname -m)
awk -F= '
  function flush() { if (on && url != "") print url; url = ""; on = 1 }
  BEGIN { on = 1 }
  /^\\[/ { flush() }
  /^[ ]*enabled[ ]*=[ ]*0/ { on = 0 }
  /^[ ]*baseurl[ ]*=/ { sub(/^[^=]*=[ ]*/, ""); url = $0 "|repodata/repomd.xml" }
  /^[ ]*(mirrorlist|metalink)[ ]*=/ { if (url == "") { sub(/^[^=]*=[ ]*/, ""); url = $0 "|" } }
  END { flush() }' /etc/yum.repos.d/*.repo 2>/dev/null |
sed "s/\\$releasever/$v/g; s/\\$basearch/$a/g; s/\\$infra/stock/g"`

const aptSnippet = `cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
sed -n 's/^deb  *\\(\\[[^]]*\\] *\\)\\{0,1\\}\\([^ ]*\\)  *\\([^ ]*\\).*/\\2|dists\\/\\3\\/Release/p' | sed 's/|dists\\/\\(.*\\/\\)\\/Release$/|\\1Release/'
sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ' ' '\\n' | sed 's/$/|/'`

const ask = `sort -u | { while IFS='|' read -r u p; do
  case "$u" in http*) ;; *) continue;; esac
  ( s=$(curl -s -L -o /dev/null -w '%{http_code}' --max-time 8 "\${u%/}\${p:+/$p}"); e=$?; echo "$s $e $u" ) &
done; wait; }`

interface Answer {
  readonly status: number
  /** curl's own exit code, see curl(1) */
  readonly exit: number
  readonly url: string
}

function parse(stdout: string): readonly Answer[] {
  return stdout.split('\n').flatMap((line) => {
    const match = /^(\d{3}) (\d+) (\S+)$/.exec(line)
    return match === null ? [] : [{ status: Number(match[1]), exit: Number(match[2]), url: match[3] ?? '' }]
  })
}

/** What the answer of a repository means; undefined: it is fine. */
export function explainAnswer({ status, exit, url }: Answer): Omit<Diagnosis, 'state'> | undefined {
  if (status >= 200 && status < 300) return undefined
  const cloudera = /cloudera\.com/.test(url)
  const centos = /(mirror|mirrorlist)\.centos\.org/.test(url)
  const evidence = status === 0 ? `${url}: no answer (curl ${exit})` : `${url}: ${status}`
  if (cloudera && [401, 403, 404].includes(status)) {
    return {
      evidence,
      cause:
        status === 404
          ? "Cloudera removed the free repositories in 2021; what was archive.cloudera.com/cm5 is only below /p/, with a subscription's credentials"
          : "Cloudera's repositories ask for a subscription since 2021, and these credentials are missing or not accepted",
      remedy:
        'give the URL below /p/ with user and password_file, or a mirror, in provision.repositories.extra; without either use the apache profile',
    }
  }
  if (centos) {
    return {
      evidence,
      cause: 'the mirrors of CentOS 6 and 7 were turned off at the end of their life',
      remedy:
        'smartcar provision --only base-repository takes them from the vault, or from provision.repositories.base',
      fix: ['base-repository'],
    }
  }
  if (status === 0) {
    const names: Readonly<Record<number, string>> = {
      6: 'its name cannot be resolved from this host',
      7: 'nothing listens there, or a firewall refuses',
      28: 'it does not answer in time',
      35: 'TLS fails: the TLS of CentOS 6 is too old for most https servers',
      60: 'its certificate is not trusted by this host',
    }
    return {
      evidence,
      cause: names[exit] ?? 'it cannot be reached from this host',
      remedy: 'check DNS, firewall and proxy (provision.proxy), or use a mirror or smartcar bundle',
    }
  }
  if (status === 401 || status === 403)
    return {
      evidence,
      cause: 'the repository refuses this host or its credentials',
      remedy: 'check user and password_file in provision.repositories.extra',
    }
  return {
    evidence,
    cause: 'the repository is not at this URL any more',
    remedy: 'correct its URL in provision.repositories, or disable it on the host',
  }
}

export const repositories: HostCheck = {
  id: 'repositories',
  title: 'package repositories',
  preparation: true,
  shell: ({ family }) => `command -v curl >/dev/null || { echo nocurl; exit 0; }
{ ${family === 'debian' ? aptSnippet : yumSnippet}
} | ${ask}`,
  interpret: ({ stdout }) => {
    if (stdout.includes('nocurl')) return { state: 'unknown', evidence: 'there is no curl on the host' }
    const answers = parse(stdout)
    if (answers.length === 0) return { state: 'warning', evidence: 'no repository by http is enabled' }
    const wrong = answers.flatMap((answer) => explainAnswer(answer) ?? [])
    if (wrong.length === 0) return healthy(`${answers.length} answer`)
    const fix = [...new Set(wrong.flatMap((one) => one.fix ?? []))]
    const distinct = (values: readonly (string | undefined)[]) => [...new Set(values)].join('; ')
    return {
      state: 'bad',
      evidence: wrong.map(({ evidence }) => evidence).join('; '),
      cause: distinct(wrong.map(({ cause }) => cause)),
      remedy: distinct(wrong.map(({ remedy }) => remedy)),
      ...(fix.length === 0 ? {} : { fix }),
    }
  },
}
