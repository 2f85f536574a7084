import { fileStep } from '../../../core/plan/shell/file-step.js'
import type { Step } from '../../../core/plan/step.js'
import type { PackageRepository } from '../../../core/site/provision.js'
import { type HostStepsInput, head } from '../input.js'

const vault = { el6: 'http://vault.centos.org/6.10', el7: 'http://vault.centos.org/7.9.2009' } as const
const official = /^(https?|ftp):\/\/(mirror|vault|mirrorlist)\.centos\.org\//

/** The folder of a CentOS repository below its release: `os` for [base], else what its URL says, else its name. */
function subfolder(section: string, lines: readonly string[]): string {
  for (const line of lines) {
    const url = /^#?\s*baseurl\s*=\s*(\S+)/.exec(line)?.[1]
    const found = url === undefined ? null : /\/(?:\$releasever|[67](?:\.\d+)*)\/(\S+?)\/?$/.exec(url)
    if (found?.[1] !== undefined) return found[1].replace(/\/?\$?(basearch|x86_64)$/, '')
  }
  return section === 'base' ? 'os' : section
}

/**
 * CentOS-Base.repo with every repository taken from `root`: mirror lists are commented out, since they are dead, and
 * `baseurl` is set. Sections whose baseurl is somebody's own stay as they are.
 */
export function withBaseUrl(text: string, root: string): string {
  const out: string[] = []
  let section: { name: string; lines: string[] } | undefined
  const close = () => {
    if (section === undefined) return
    const { name, lines } = section
    const active = lines.map((line) => /^\s*baseurl\s*=\s*(\S+)/.exec(line)?.[1]).find((url) => url !== undefined)
    const own = active !== undefined && !official.test(active) && !active.startsWith(root)
    const folder = subfolder(name, lines)
    const wanted = `${root.replace(/\/$/, '')}/${folder}/$basearch/`
    const same = active !== undefined && active.replace('x86_64', '$basearch').replace(/\/?$/, '/') === wanted
    let placed = false
    for (const line of lines) {
      if (own) out.push(line)
      else if (/^\s*mirrorlist\s*=/.test(line)) out.push(`#${line}`)
      else if (/^#?\s*baseurl\s*=/.test(line) && !same) {
        if (!placed) out.push(`baseurl=${wanted}`)
        placed = true
      } else out.push(line)
    }
    if (!own && !placed && !same) {
      while (out.at(-1) === '') out.pop()
      out.push(`baseurl=${wanted}`, '')
    }
  }
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const name = /^\[(.+)\]\s*$/.exec(line)?.[1]
    if (name === undefined) {
      if (section === undefined) out.push(line)
      else section.lines.push(line)
      continue
    }
    close()
    out.push(line)
    section = { name, lines: [] }
  }
  close()
  while (out.at(-1) === '') out.pop()
  return `${out.join('\n')}\n`
}

const disabledMark = '#smartcar-bundle '

/** `text` with every repository switched off, except those that somebody has pointed to a place of his own. */
export function withoutRepositories(text: string, root?: string): string {
  const out = sections(text).flatMap(({ head, lines }) => {
    if (head === undefined) return lines
    const url = lines.map((line) => /^\s*baseurl\s*=\s*(\S+)/.exec(line)?.[1]).find((one) => one !== undefined)
    const own = url !== undefined && !official.test(url) && (root === undefined || !url.startsWith(root))
    if (own || lines.some((line) => line.startsWith(disabledMark))) return [head, ...lines]
    const isSwitch = (line: string) => /^\s*enabled\s*=/.test(line)
    if (!lines.some(isSwitch)) return [head, disabledMark, 'enabled=0', ...lines]
    return [head, ...lines.flatMap((line) => (isSwitch(line) ? [`${disabledMark}${line}`, 'enabled=0'] : [line]))]
  })
  return `${out.join('\n')}\n`
}

/** Takes back what `withoutRepositories` did; any other text stays as it is. */
export function withRepositories(text: string): string {
  if (!text.includes(`\n${disabledMark}`)) return text
  const out: string[] = []
  let skip = false
  for (const line of text.split('\n')) {
    if (skip && line === 'enabled=0') {
      skip = false
      continue
    }
    if (line.startsWith(disabledMark)) {
      const before = line.slice(disabledMark.length)
      if (before !== '') out.push(before)
      skip = true
    } else out.push(line)
  }
  return out.join('\n')
}

interface Section {
  /** `[base]`; undefined for what stands before the first section. */
  readonly head: string | undefined
  readonly lines: readonly string[]
}

function sections(text: string): readonly Section[] {
  const found: { head: string | undefined; lines: string[] }[] = [{ head: undefined, lines: [] }]
  for (const line of text.replace(/\n+$/, '').split('\n')) {
    if (/^\[.+\]\s*$/.test(line)) found.push({ head: line, lines: [] })
    else found.at(-1)?.lines.push(line)
  }
  return found
}

/** URL that a CentOS's repositories are below; undefined: the host's own stay. */
export function baseRoot(base: string, family: 'el6' | 'el7'): string | undefined {
  if (base === 'keep') return undefined
  return base === 'vault' ? vault[family] : base
}

export function baseRepository(input: HostStepsInput): Step | undefined {
  if (input.family === 'debian') return undefined
  const root = baseRoot(input.provision.repositories.base, input.family)
  const wanted = (text: string) => {
    if (input.bundle !== undefined) return withoutRepositories(text, root)
    const own = withRepositories(text)
    return root === undefined ? own : withBaseUrl(own, root)
  }
  return fileStep({
    ...head(
      input,
      'base-repository',
      {
        title: 'base package repository',
        reason:
          input.bundle === undefined
            ? "the mirrors of CentOS 6 and 7 are gone, their packages are in the vault or on the site's mirror"
            : 'packages come from the bundle, and a repository that does not answer would stop yum',
        group: 'packages',
      },
      input.bundle === undefined ? ['no-bundle'] : ['bundle-repository'],
    ),
    path: '/etc/yum.repos.d/CentOS-Base.repo',
    // A system that is built like CentOS but is none has its own repositories under other names.
    edit: (text) => (text === '' ? '' : wanted(text)),
    revert: 'original',
    after: 'yum -q clean metadata >/dev/null 2>&1 || :',
  })
}

function repositoryText(input: HostStepsInput, repository: PackageRepository): string {
  const { name, url, suite, gpgKey, user } = repository
  const password = input.passwords.get(name)
  if (input.family === 'debian') return `deb ${gpgKey === undefined ? '[trusted=yes] ' : ''}${url} ${suite}\n`
  return [
    `[smartcar-${name}]`,
    `name=${name}, by smartcar`,
    `baseurl=${url}`,
    ...(user === undefined ? [] : [`username=${user}`]),
    ...(password === undefined ? [] : [`password=${password}`]),
    ...(gpgKey === undefined ? ['gpgcheck=0'] : ['gpgcheck=1', `gpgkey=${gpgKey}`]),
    'enabled=1',
    '',
  ].join('\n')
}

/** apt has its credentials in a file of their own, apt_auth.conf(5); undefined where there are none, or yum has them. */
function repositoryLogin(input: HostStepsInput, { name, url, user }: PackageRepository): Step | undefined {
  const password = input.passwords.get(name)
  if (input.family !== 'debian' || user === undefined || password === undefined) return undefined
  return fileStep({
    ...head(input, `repository-${name}-login`, {
      title: `credentials of the package repository ${name}`,
      reason: 'the repository asks for them',
      group: 'packages',
    }),
    path: `/etc/apt/auth.conf.d/smartcar-${name}.conf`,
    edit: () => `machine ${url} login ${user} password ${password}\n`,
    refuse: () =>
      /\s/.test(password)
        ? {
            state: 'blocked',
            reason: `the password of the package repository ${name} has a blank, which apt cannot read`,
            hints: ['give the repository another password'],
          }
        : undefined,
    revert: () => '',
    mode: 0o600,
    sensitive: true,
  })
}

export function extraRepositories(input: HostStepsInput): readonly Step[] {
  return input.provision.repositories.extra.flatMap((repository) => {
    const secret = input.family !== 'debian' && input.passwords.has(repository.name)
    const text = repositoryText(input, repository)
    const debian = input.family === 'debian'
    // With a bundle nothing is asked for a password.
    const login = input.bundle === undefined ? repositoryLogin(input, repository) : undefined
    const list = fileStep({
      ...head(
        input,
        `repository-${repository.name}`,
        {
          title: `package repository ${repository.name}`,
          reason: input.bundle === undefined ? 'the site asks for it' : 'packages come from the bundle',
          group: 'packages',
        },
        [
          ...(login === undefined ? [] : [`repository-${repository.name}-login`]),
          ...(input.bundle === undefined ? [] : ['bundle-repository']),
        ],
      ),
      path: debian
        ? `/etc/apt/sources.list.d/smartcar-${repository.name}.list`
        : `/etc/yum.repos.d/smartcar-${repository.name}.repo`,
      // With a bundle it is not written; one of an earlier run goes.
      edit: () => (input.bundle === undefined ? text : ''),
      revert: () => '',
      mode: secret ? 0o600 : 0o644,
      sensitive: secret,
      after: debian ? ':' : 'yum -q clean metadata >/dev/null 2>&1 || :',
    })
    return login === undefined ? [list] : [login, list]
  })
}
