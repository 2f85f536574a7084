import type { AptSource } from '../../bundles/debian/sources.js'
import type { RepositoryToRead } from '../../bundles/repository.js'
import { FailedError, UsageError } from '../../core/errors.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'
import { baseRoot } from '../../services/host/steps/repositories.js'
import type { HostsContext } from '../provision/context.js'

const withSlash = (url: string) => url.replace(/\/*$/, '/')

/** What yum puts in for its variables on x86_64. */
function expand(url: string, family: SystemFamily): string {
  return url.replaceAll('$releasever', family === 'el6' ? '6' : '7').replaceAll(/\$(basearch|arch)\b/g, 'x86_64')
}

/** CentOS's own repositories: what a system has switched on. A mirror may lack all but the first. */
function centosBase(base: string, family: 'el6' | 'el7'): readonly RepositoryToRead[] {
  const root = baseRoot(base, family)
  if (root === undefined) return []
  // The hosts' TLS is too old for the vault's https; this machine's is not, and what is signed there need not be trusted here.
  const url = withSlash(base === 'vault' ? root.replace(/^http:/, 'https:') : expand(root, family))
  return ['os', 'updates', 'extras'].map((folder, number) => ({
    name: folder === 'os' ? 'base' : folder,
    url: `${url}${folder}/x86_64/`,
    ...(number === 0 ? {} : { optional: true as const }),
  }))
}

async function extraRepositories(family: SystemFamily, context: HostsContext): Promise<readonly RepositoryToRead[]> {
  const found: RepositoryToRead[] = []
  for (const { name, url, suite, user, password } of context.site.provision.repositories.extra) {
    if (!/^https?:/.test(url)) {
      throw new FailedError('BUNDLE_REPOSITORY_UNREADABLE', `the package repository ${name} is at ${url}`, {
        place: { thing: name },
        hints: ['bundle create reads http and https from this machine: give its URL there'],
      })
    }
    const secret =
      password === undefined ? undefined : await context.secret(password, `password of the package repository ${name}`)
    found.push({
      name,
      url: withSlash(expand(url, family)),
      suite,
      ...(user === undefined ? {} : { credentials: { user, password: secret ?? '' } }),
    })
  }
  return found
}

/** `--apt "http://mirror.example.com/debian bookworm main"`; throws UsageError. */
export function parseAptFlag(text: string): AptSource {
  const [url = '', ...suite] = text
    .trim()
    .replace(/^deb\s+/, '')
    .split(/\s+/)
  if (/^https?:\/\/[^@]+$/.test(url) && suite.length > 0) return { url, suite: suite.join(' ') }
  throw new UsageError('APT_SOURCE_INVALID', `"${text}" names no apt repository`, {
    hints: ['write it as in sources.list: --apt "http://mirror.example.com/debian bookworm main"'],
  })
}

/**
 * The repositories that provisioning would use for a family. `apt`: what Debian hosts have of their own; the site does
 * not say it. Throws UsageError BUNDLE_BASE_UNKNOWN when there is none.
 */
export async function repositoriesOf(
  family: SystemFamily,
  apt: readonly AptSource[],
  context: HostsContext,
): Promise<readonly RepositoryToRead[]> {
  const { base } = context.site.provision.repositories
  const own =
    family === 'debian'
      ? apt.map(({ url, suite }, number) => ({ name: `apt-${number + 1}`, url: withSlash(url), suite }))
      : centosBase(base, family)
  const all = [...own, ...(await extraRepositories(family, context))]
  if (all.length > 0) return all
  throw new UsageError('BUNDLE_BASE_UNKNOWN', `nothing says where packages of ${family} come from`, {
    hints:
      family === 'debian'
        ? [
            'give it: --apt "http://mirror.example.com/debian bookworm main", as often as needed',
            'or leave --family out: then the hosts are asked',
          ]
        : ['set provision.repositories.base to vault or to the URL of a mirror'],
  })
}
