import { blockStep } from '../../../core/plan/shell/file-step.js'
import { readBlock, removeBlock } from '../../../core/plan/shell/managed-block.js'
import type { Finding, Step } from '../../../core/plan/step.js'
import type { SiteHost } from '../../../core/site/hosts.js'
import { type HostStepsInput, head } from '../input.js'

const block = 'hosts'
const isAddress = (text: string) => /^[0-9.]+$/.test(text) || text.includes(':')
const isLoopback = (address: string) => /^127\.|^::1$/.test(address)

/** The words of a line of /etc/hosts in front of its comment. */
function words(line: string): readonly string[] {
  return (line.split('#')[0] ?? '').split(/\s+/).filter((word) => word !== '')
}

/** `127.0.0.1 localhost server01` loses its `server01`: agents would announce the host as localhost. */
export function withoutLoopbackNames(text: string, names: readonly string[]): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const [address = '', ...found] = words(line)
      if (!isLoopback(address) || !found.some((name) => names.includes(name))) return [line]
      const kept = found.filter((name) => !names.includes(name))
      const comment = line.includes('#') ? ` ${line.slice(line.indexOf('#'))}` : ''
      return kept.length === 0 ? [] : [`${address} ${kept.join(' ')}${comment}`]
    })
    .join('\n')
}

/** A line of somebody else's that gives a host of the site another address would win, since it stands first. */
function conflict(text: string, hosts: readonly SiteHost[]): Extract<Finding, { state: 'blocked' }> | undefined {
  for (const line of removeBlock(text, block).split('\n')) {
    const [address = '', ...names] = words(line)
    if (isLoopback(address)) continue
    const host = hosts.find(({ name, fqdn }) => names.includes(name) || names.includes(fqdn))
    if (host !== undefined && host.address !== address) {
      return {
        state: 'blocked',
        reason: `/etc/hosts says that ${host.name} is ${address}, the site says ${host.address}`,
        hints: [`remove the line "${line.trim()}" from /etc/hosts, or correct the address in the site file`],
      }
    }
  }
  return undefined
}

export function hostsFile(input: HostStepsInput): Step {
  const { hosts, host } = input
  const named = hosts.find(({ address }) => !isAddress(address))
  const ownNames = isLoopback(host.address) ? [] : [host.name, host.fqdn]
  return blockStep({
    ...head(input, 'hosts-file', {
      title: 'addresses of all hosts',
      reason: 'each host finds the others by full name, and itself not as localhost',
      group: 'network',
    }),
    path: '/etc/hosts',
    block,
    body: hosts.map(({ address, fqdn, name }) => `${address} ${fqdn} ${name}`),
    adjust: (text) => withoutLoopbackNames(text, ownNames),
    refuse: (text) =>
      named === undefined
        ? conflict(text, hosts)
        : {
            state: 'blocked',
            reason: `the address of ${named.name} is the name ${named.address}`,
            hints: ['give its IP address in the site file: /etc/hosts needs one'],
          },
    show: (text) => loopbackLines(text, [host.name, host.fqdn]) + (readBlock(text, block) ?? ''),
  })
}

function loopbackLines(text: string, names: readonly string[]): string {
  return text
    .split('\n')
    .filter((line) => isLoopback(words(line)[0] ?? '') && words(line).some((word) => names.includes(word)))
    .map((line) => `${line}\n`)
    .join('')
}
