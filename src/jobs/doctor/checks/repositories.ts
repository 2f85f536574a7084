import { explainAnswer, type RepositoryAnswer } from '../../../core/repository-answer.js'
import { type HostCheck, healthy } from '../check.js'

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
  case "$u" in http*) ;; file:*/smartcar/bundle/*) echo bundle; continue;; *) continue;; esac
  ( s=$(curl -s -L -o /dev/null -w '%{http_code}' --max-time 8 "\${u%/}\${p:+/$p}"); e=$?; echo "$s $e $u" ) &
done; wait; }`

function parse(stdout: string): readonly RepositoryAnswer[] {
  return stdout.split('\n').flatMap((line) => {
    const match = /^(\d{3}) (\d+) (\S+)$/.exec(line)
    return match === null ? [] : [{ status: Number(match[1]), exit: Number(match[2]), url: match[3] ?? '' }]
  })
}

export const repositories: HostCheck = {
  id: 'repositories',
  title: 'package repositories',
  shell: ({ family }) => `command -v curl >/dev/null || { echo nocurl; exit 0; }
{ ${family === 'debian' ? aptSnippet : yumSnippet}
} | ${ask}`,
  interpret: ({ stdout }) => {
    if (stdout.includes('nocurl')) return { state: 'unknown', evidence: 'there is no curl on the host' }
    // It is the only one that provisioning installs from.
    if (/^bundle$/m.test(stdout)) return healthy('packages come from a bundle on the host')
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
