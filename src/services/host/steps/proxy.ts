import { fileStep } from '../../../core/plan/shell/file-step.js'
import type { Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

/** `text` with `key=value` as the last setting of its `[main]` section. */
export function withMainSetting(text: string, key: string, value: string): string {
  const lines = withoutMainSetting(text, key).split('\n')
  while (lines.at(-1) === '') lines.pop()
  const main = lines.findIndex((line) => line.trim() === '[main]')
  if (main === -1) return `${['[main]', `${key}=${value}`, ...lines].join('\n')}\n`
  const next = lines.findIndex((line, at) => at > main && line.startsWith('['))
  const end = next === -1 ? lines.length : next
  return `${[...lines.slice(0, end), `${key}=${value}`, ...lines.slice(end)].join('\n')}\n`
}

/** `text` without `key=` in its `[main]` section. */
export function withoutMainSetting(text: string, key: string): string {
  let section = ''
  return text
    .split('\n')
    .filter((line) => {
      if (line.startsWith('[')) section = line.trim()
      return !(section === '[main]' && new RegExp(`^${key}\\s*=`).test(line))
    })
    .join('\n')
}

export function packageProxy(input: HostStepsInput): Step | undefined {
  const { proxy } = input.provision
  if (proxy === undefined) return undefined
  const about = head(input, 'proxy', {
    title: 'proxy of the package manager',
    reason: 'the hosts reach the repositories through it',
    group: 'packages',
  })
  if (input.family === 'debian') {
    const text = `Acquire::http::Proxy "${proxy}";\nAcquire::https::Proxy "${proxy}";\n`
    return fileStep({ ...about, path: '/etc/apt/apt.conf.d/95smartcar-proxy', edit: () => text, revert: () => '' })
  }
  return fileStep({
    ...about,
    path: '/etc/yum.conf',
    edit: (text) => (text.split('\n').includes(`proxy=${proxy}`) ? text : withMainSetting(text, 'proxy', proxy)),
    revert: (text) => withoutMainSetting(text, 'proxy'),
  })
}

export function shellProxy(input: HostStepsInput): Step | undefined {
  const { proxy, no_proxy: exceptions } = input.provision
  if (proxy === undefined) return undefined
  const none = ['localhost', '127.0.0.1', ...input.hosts.flatMap(({ name, fqdn }) => [name, fqdn]), ...exceptions].join(
    ',',
  )
  const text = ['http_proxy', 'https_proxy']
    .map((name) => `export ${name}='${proxy}'\n`)
    .concat(`export no_proxy='${none}'\n`)
    .join('')
  return fileStep({
    ...head(input, 'proxy-profile', {
      title: 'proxy of login shells',
      reason: 'curl and pip on the hosts find it in their environment',
      group: 'packages',
    }),
    path: '/etc/profile.d/smartcar-proxy.sh',
    edit: () => text,
    revert: () => '',
  })
}
