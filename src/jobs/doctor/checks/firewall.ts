import { rolePortsText } from '../../../core/hosts/role-ports.js'
import { parseUnits, unitsSnippet, unitText } from '../../../core/plan/shell/services.js'
import { fields } from '../../../core/plan/shell/shell-step.js'
import { firewalls } from '../../../services/host/steps/services-off.js'
import { type HostCheck, healthy } from '../check.js'

/** Rules that refuse what comes in. Asked only where the table is there: asking would load the kernel's modules. */
const rulesSnippet = `n=0; grep -q '^filter' /proc/net/ip_tables_names 2>/dev/null && n=$(iptables -S INPUT 2>/dev/null | grep -c -e '-P INPUT DROP' -e '-j DROP' -e '-j REJECT')
echo "rules: $n"`

export const firewall: HostCheck = {
  id: 'firewall',
  title: 'firewall',
  preparation: true,
  shell: ({ family }) => (family === undefined ? ':' : `${unitsSnippet(family, firewalls[family])}\n${rulesSnippet}`),
  interpret: ({ stdout }, { site, host, family }) => {
    if (family === undefined) return { state: 'unknown', evidence: 'no step knows the firewall of this system' }
    const there = parseUnits(stdout).filter(({ name, present }) => present && firewalls[family].includes(name))
    const rules = Number(fields(stdout).get('rules') ?? 0)
    const on = there.filter(({ active, enabled }) => active || enabled)
    const seen = (on.length > 0 ? on : there).map((unit) => `${unit.name} ${unitText(unit)}`)
    const evidence = [
      ...(seen.length > 0 ? seen : ['no firewall is installed']),
      ...(rules > 0 ? [`${rules} rules of iptables refuse what comes in`] : []),
    ].join('; ')
    if (on.length === 0 && rules === 0) return healthy(evidence)
    const open = `let the other hosts reach ${rolePortsText(host.roles)}`
    if (site.provision.firewall === 'keep') {
      return {
        state: 'warning',
        evidence,
        cause: 'the site keeps it (provision.firewall): what it does not let through, the other hosts cannot reach',
        remedy: open,
      }
    }
    if (on.length === 0) {
      return {
        state: 'warning',
        evidence,
        cause: 'something else than the service loaded them: a script, another tool',
        remedy: `iptables -S INPUT shows them; ${open}`,
      }
    }
    return {
      state: 'bad',
      evidence,
      cause: 'it was started again, or the host was not provisioned',
      remedy: 'smartcar provision --only firewall',
      fix: ['firewall'],
    }
  },
}
