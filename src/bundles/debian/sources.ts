/** A repository as apt's settings name it. */
export interface AptSource {
  readonly url: string
  /** Suite and components: `bookworm main`; or a folder that ends with a slash. */
  readonly suite: string
}

/** Prints apt's settings: one-line files, then deb822 files, a blank line between two. POSIX sh, read-only. */
export const aptSourcesSnippet = `for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  case "$f" in */smartcar-*) ;; *) [ -r "$f" ] && cat "$f" && echo;; esac
done
:`

/** `deb [options] URL SUITE [COMPONENT…]` */
function oneLine(line: string): AptSource | undefined {
  const [, url, suite] = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S.*?)\s*(?:#.*)?$/.exec(line) ?? []
  return url === undefined || suite === undefined ? undefined : { url, suite: suite.replace(/\s+/g, ' ') }
}

function deb822(paragraph: string): readonly AptSource[] {
  const field = (name: string) =>
    new RegExp(`^${name}:(.*(?:\n[ \t].*)*)`, 'mi').exec(paragraph)?.[1]?.trim().split(/\s+/) ?? []
  if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return []
  const components = field('Components')
  return field('URIs').flatMap((url) =>
    field('Suites').map((suite) => ({ url, suite: suite.endsWith('/') ? suite : [suite, ...components].join(' ') })),
  )
}

/** What `aptSourcesSnippet` printed; only what is enabled and comes by http or https. */
export function parseAptSources(text: string): readonly AptSource[] {
  const plain = text.replace(/^\s*#.*\n?/gm, '')
  const found = [
    ...plain.split('\n').flatMap((line) => oneLine(line.trim()) ?? []),
    ...plain.split(/\n\s*\n/).flatMap(deb822),
  ]
  return found.filter(({ url }) => /^https?:\/\//.test(url))
}
