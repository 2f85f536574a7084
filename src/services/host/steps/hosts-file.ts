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

/** A loopback line without `names`; undefined when nothing is left of it. Any other line stays as it is. */
function withoutNames(line: string, names: readonly string[]): string | undefined {
  const [address = '', ...found] = words(line)
  if (!isLoopback(address) || !found.some((name) => names.includes(name))) return line
  const kept = found.filter((name) => !names.includes(name))
  const comment = line.includes('#') ? ` ${line.slice(line.indexOf('#'))}` : ''
  return kept.length === 0 ? undefined : `${address} ${kept.join(' ')}${comment}`
}

/** `127.0.0.1 localhost server01` loses its `server01`: agents would announce the host as localhost. */
export function withoutLoopbackNames(text: string, names: readonly string[]): string {
  return text
    .split('\n')
    .flatMap((line) => withoutNames(line, names) ?? [])
    .join('\n')
}

/**
 * The loopback lines of `original` are put back where `withoutLoopbackNames` changed them; a line that somebody has
 * edited since stays as it is.
 */
export function withLoopbackNames(text: string, original: string, names: readonly string[]): string {
  const lines = text.split('\n')
  for (const line of original.split('\n')) {
    const shortened = withoutNames(line, names)
    if (shortened === line || lines.includes(line)) continue
    const [address] = words(line)
    const at = shortened === undefined ? -1 : lines.indexOf(shortened)
    if (at !== -1) lines[at] = line
    // It had gone as a whole: back behind the other loopback lines, unless its address has got a new line.
    else if (shortened === undefined && !lines.some((one) => words(one)[0] === address)) {
      const last = lines.findLastIndex((one) => isLoopback(words(one)[0] ?? ''))
      lines.splice(last + 1, 0, line)
    }
  }
  return lines.join('\n')
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
    readjust: (text, original) => withLoopbackNames(text, original, ownNames),
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
