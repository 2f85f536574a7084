import { rolePorts, rolePortsText } from '../../../core/hosts/role-ports.js'
import { type HostCheck, healthy } from '../check.js'

/** Listeners that belong to the software of the platform: those are taken by whom they are for. */
const ours = /java|impalad|catalogd|statestored|redis|postgres|cloudera|cmf|hue|python/i

export const ports: HostCheck = {
  id: 'ports',
  title: 'ports of its roles',
  shell: () =>
    "if command -v ss >/dev/null; then ss -H -ltnp 2>/dev/null || ss -ltnp; else netstat -ltnp; fi | awk '{print $0}'",
  interpret: ({ stdout }, { host }) => {
    const wanted = new Map(host.roles.flatMap((role) => rolePorts[role].map((port) => [port, role] as const)))
    const taken = stdout.split('\n').flatMap((line) => {
      const port = Number(/[\]:*\d.]:(\d+)\s/.exec(line)?.[1])
      const role = wanted.get(port)
      if (role === undefined) return []
      const by = /users:\(\("([^"]+)",pid=(\d+)/.exec(line) ?? /(\d+)\/(\S+)\s*$/.exec(line)
      const [name, pid] = line.includes('users:') ? [by?.[1], by?.[2]] : [by?.[2], by?.[1]]
      return [{ port, role, name: name ?? 'an unknown process', pid }]
    })
    const byWhom = (listeners: typeof taken) => [
      ...new Set(
        listeners.map(
          ({ port, role, name, pid }) => `${port} (${role}) by ${name}${pid === undefined ? '' : `, pid ${pid}`}`,
        ),
      ),
    ]
    const foreign = taken.filter(({ name }) => !ours.test(name))
    if (foreign.length === 0)
      return healthy(
        taken.length === 0
          ? `free: ${rolePortsText(host.roles) || 'none is wanted'}`
          : `taken by the platform: ${byWhom(taken).join('; ')}; the others are free`,
      )
    return {
      state: 'bad',
      evidence: byWhom(foreign).join('; '),
      cause: 'another program listens where a service of the platform will want to',
      remedy: 'stop that program and turn it off at boot, or place the role on another host',
    }
  },
}
