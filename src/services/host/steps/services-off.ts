import { servicesOff } from '../../../core/plan/shell/services.js'
import type { SystemFamily } from '../../../core/plan/shell/system.js'
import type { Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

/** What a system's firewall is called. */
export const firewalls: Readonly<Record<SystemFamily, readonly string[]>> = {
  el6: ['iptables', 'ip6tables'],
  el7: ['firewalld', 'iptables', 'ip6tables'],
  debian: ['ufw'],
}

export function firewall(input: HostStepsInput): Step | undefined {
  if (input.provision.firewall === 'keep') return undefined
  return servicesOff({
    ...head(input, 'firewall', {
      title: 'firewall',
      reason: 'the services of a cluster talk to each other on many ports',
      group: 'security',
    }),
    family: input.family,
    names: firewalls[input.family],
  })
}

export function unneededServices(input: HostStepsInput): Step | undefined {
  if (input.provision.services_off.length === 0) return undefined
  return servicesOff({
    ...head(input, 'services-off', {
      title: 'services that are not needed',
      reason: 'memory is short, and tuned would change kernel settings back',
      group: 'services',
    }),
    family: input.family,
    names: input.provision.services_off,
  })
}
