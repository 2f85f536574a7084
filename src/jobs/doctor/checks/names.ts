import { shellQuote } from '../../../core/transport.js'
import { type HostCheck, healthy } from '../check.js'

/** Forward and backward, as this host sees every host of the site, itself included. */
export const names: HostCheck = {
  id: 'names',
  title: 'name resolution both ways',
  preparation: true,
  shell: ({ site }) =>
    [
      // A name that resolves to nothing is still worth saying.
      'echo "own $(hostname -f 2>/dev/null || hostname)"',
      ...site.hosts.map(
        ({ fqdn, address }) =>
          `echo "forward ${fqdn} $(getent ahostsv4 ${shellQuote(fqdn)} | awk '{print $1; exit}')"\necho "backward ${fqdn} $(getent hosts ${shellQuote(address)} | awk '{print $2; exit}')"`,
      ),
    ].join('\n'),
  interpret: ({ stdout }, { site, host }) => {
    const lines = stdout.split('\n').map((line) => line.split(' '))
    const own = lines.find(([kind]) => kind === 'own')?.[1] ?? ''
    const problems = own === host.fqdn ? [] : [`it calls itself ${own || 'nothing'}, not ${host.fqdn}`]
    for (const [kind, fqdn, found = ''] of lines) {
      const other = site.hosts.find((one) => one.fqdn === fqdn)
      if (other === undefined) continue
      const shown = found === '' ? 'nothing' : found
      if (kind === 'forward' && found !== other.address) problems.push(`${fqdn} is ${shown}, not ${other.address}`)
      if (kind === 'backward' && found !== fqdn) problems.push(`${other.address} is ${shown}, not ${fqdn}`)
    }
    if (problems.length === 0) return healthy(`${own}, and every host of the site by name and address`)
    return {
      state: 'bad',
      evidence: problems.join('; '),
      cause: 'the host was not provisioned, or /etc/hosts was changed: agents would announce a wrong name',
      remedy: 'smartcar provision --only hostname --only hosts-file',
      fix: ['hostname', 'hosts-file'],
    }
  },
}
