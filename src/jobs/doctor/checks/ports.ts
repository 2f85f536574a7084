import type { Role } from '../../../core/hosts/roles.js'
import { type HostCheck, healthy } from '../check.js'

/** Ports that the services of a role listen on (pilot.md, section 1; CDH 5 and 6 defaults for the others). */
const rolePorts: Readonly<Partial<Record<Role, readonly number[]>>> = {
  namenode: [8020, 50070, 9870],
  secondarynamenode: [50090, 9868],
  resourcemanager: [8030, 8032, 8088],
  hmaster: [16000, 16010, 60000, 60010],
  nimbus: [6627],
  'cm-server': [7180, 7182],
  postgres: [7432],
  datanode: [50010, 50075, 9866, 9864],
  nodemanager: [8040, 8042],
  regionserver: [16020, 16030, 60020, 60030],
  zookeeper: [2181],
  kafka: [9092],
  metastore: [9083],
  hiveserver2: [10000],
  'spark-history': [18088],
  impala: [21000, 21050],
  oozie: [11000],
  hue: [8888],
  redis: [6379],
}

/** Listeners that belong to the software of the platform: those are taken by whom they are for. */
const ours = /java|impalad|catalogd|statestored|redis|postgres|cloudera|cmf|hue|python/i

export const ports: HostCheck = {
  id: 'ports',
  title: 'ports of its roles',
  shell: () =>
    "if command -v ss >/dev/null; then ss -H -ltnp 2>/dev/null || ss -ltnp; else netstat -ltnp; fi | awk '{print $0}'",
  interpret: ({ stdout }, { host }) => {
    const wanted = new Map(host.roles.flatMap((role) => (rolePorts[role] ?? []).map((port) => [port, role] as const)))
    const taken = stdout.split('\n').flatMap((line) => {
      const port = Number(/[\]:*\d.]:(\d+)\s/.exec(line)?.[1])
      const role = wanted.get(port)
      if (role === undefined) return []
      const by = /users:\(\("([^"]+)",pid=(\d+)/.exec(line) ?? /(\d+)\/(\S+)\s*$/.exec(line)
      const [name, pid] = line.includes('users:') ? [by?.[1], by?.[2]] : [by?.[2], by?.[1]]
      return [{ port, role, name: name ?? 'an unknown process', pid }]
    })
    const foreign = taken.filter(({ name }) => !ours.test(name))
    if (foreign.length === 0) return healthy(taken.length === 0 ? 'free' : `${taken.length} taken by the platform`)
    const unique = [
      ...new Set(
        foreign.map(
          ({ port, role, name, pid }) => `${port} (${role}) by ${name}${pid === undefined ? '' : `, pid ${pid}`}`,
        ),
      ),
    ]
    return {
      state: 'bad',
      evidence: unique.join('; '),
      cause: 'another program listens where a service of the platform will want to',
      remedy: 'stop that program and turn it off at boot, or place the role on another host',
    }
  },
}
