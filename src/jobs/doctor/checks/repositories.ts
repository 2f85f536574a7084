import { explainAnswer, type RepositoryAnswer } from '../../../core/repository-answer.js'
import { type HostCheck, healthy } from '../check.js'

/**
 * Prints `url|what to ask for below it|proxy|user:password` for each enabled repository; credentials come last, since
 * a password may hold a bar.
 */
const yumSnippet = `v=$(rpm -q --qf '%{VERSION}' centos-release 2>/dev/null | cut -d. -f1); a=$(uname -m)
for f in /etc/yum.conf /etc/yum.repos.d/*.repo; do cat "$f" 2>/dev/null; echo; done | awk '
  function value() { sub(/^[^=]*=[ ]*/, ""); sub(/[ \\r]*$/, ""); return $0 }
  function flush() {
    if (section == "[main]") common = proxy
    else if (on && url != "") print url "|" (proxy == "" ? common : proxy) "|" (user == "" ? "" : user ":" password)
    url = ""; proxy = ""; user = ""; password = ""; on = 1
  }
  BEGIN { on = 1 }
  /^\\[/ { flush(); section = $1 }
  /^[ ]*enabled[ ]*=[ ]*0/ { on = 0 }
  /^[ ]*baseurl[ ]*=/ { url = value() "|repodata/repomd.xml" }
  /^[ ]*(mirrorlist|metalink)[ ]*=/ { if (url == "") url = value() "|" }
  /^[ ]*proxy[ ]*=/ { proxy = value() }
  /^[ ]*username[ ]*=/ { user = value() }
  /^[ ]*password[ ]*=/ { password = value() }
  END { flush() }' |
sed "s/\\$releasever/$v/g; s/\\$basearch/$a/g; s/\\$infra/stock/g"`

const aptSnippet = `x=$(apt-config dump Acquire::http::Proxy 2>/dev/null | sed -n 's/^Acquire::http::Proxy "\\(.*\\)";$/\\1/p')
{ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
sed -n 's/^deb  *\\(\\[[^]]*\\] *\\)\\{0,1\\}\\([^ ]*\\)  *\\([^ ]*\\).*/\\2|dists\\/\\3\\/Release/p' | sed 's/|dists\\/\\(.*\\/\\)\\/Release$/|\\1Release/'
for f in /etc/apt/sources.list.d/*.sources; do cat "$f" 2>/dev/null; echo; done | awk '
  function flush(n, m, i, j, us, ss) {
    n = on ? split(uris, us, " ") : 0; m = split(suites, ss, " ")
    for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print us[i] "|" (ss[j] ~ /\\/$/ ? ss[j] : "dists/" ss[j] "/") "Release"
    uris = ""; suites = ""; on = 1
  }
  BEGIN { on = 1 }
  /^[ ]*$/ { flush() }
  /^URIs:/ { sub(/^[^:]*:/, ""); uris = $0 }
  /^Suites:/ { sub(/^[^:]*:/, ""); suites = $0 }
  /^Enabled: *no/ { on = 0 }
  END { flush() }'; } |
{ sed -n '/^machine /p' /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf 2>/dev/null; cat; } | awk -v x="$x" '
  /^machine / { n++; where[n] = $2 ~ /:\\/\\// ? $2 : "https://" $2; login[n] = $4 ":" $6; next }
  {
    url = $0; sub(/\\|.*/, "", url); user = ""
    for (i = 1; i <= n; i++) if (index(url, where[i]) == 1) user = login[i]
    print $0 "|" x "|" user
  }'`

/**
 * Prints `status exit url` for each, as curl on the host sees it; eight seconds each, side by side. Credentials go to
 * curl over its stdin, where no process list shows them.
 */
const ask = `sort -u | {
q() { printf '%s = "%s"\\n' "$1" "$(printf %s "$2" | sed 's/[\\\\"]/\\\\&/g')"; }
while IFS='|' read -r u p x c; do
  case "$u" in http*) ;; file:*/smartcar/bundle/*) echo bundle; continue;; *) continue;; esac
  case "$x" in _none_|DIRECT) set -- noproxy '*';; *) set -- proxy "$x";; esac
  ( s=$({ q url "\${u%/}\${p:+/$p}"; [ -z "$2" ] || q "$@"; [ -z "$c" ] || q user "$c"; } | curl -K - -s -L -o /dev/null -w '%{http_code}' --max-time 8)
  e=$?; echo "$s $e $u" ) &
done; wait; }`

function parse(stdout: string): readonly RepositoryAnswer[] {
  return stdout.split('\n').flatMap((line) => {
    const match = /^(\d{3}) (\d+) (\S+)$/.exec(line)
    // A URL may hold credentials of its own.
    const url = match?.[3]?.replace(/^([a-z]+:\/\/)[^/@]*@/, '$1') ?? ''
    return match === null ? [] : [{ status: Number(match[1]), exit: Number(match[2]), url }]
  })
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
      evidence: distinct(wrong.map(({ evidence }) => evidence)),
      cause: distinct(wrong.map(({ cause }) => cause)),
      remedy: distinct(wrong.map(({ remedy }) => remedy)),
      ...(fix.length === 0 ? {} : { fix }),
    }
  },
}
