/** Roles that a host may carry, with where the pilot puts them (pilot.md, section 1). */
const roles = {
  namenode: 'master',
  secondarynamenode: 'master',
  resourcemanager: 'master',
  hmaster: 'master',
  nimbus: 'master',
  'storm-ui': 'master',
  'cm-server': 'master',
  postgres: 'master',
  datanode: 'worker',
  nodemanager: 'worker',
  regionserver: 'worker',
  'hbase-rest': 'service',
  zookeeper: 'service',
  kafka: 'service',
  flume: 'service',
  metastore: 'service',
  hiveserver2: 'service',
  'spark-thriftserver': 'service',
  'spark-history': 'service',
  impala: 'service',
  oozie: 'service',
  hue: 'service',
  'storm-supervisor': 'worker',
  redis: 'service',
  zeppelin: 'service',
  'sqoop-client': 'service',
} as const

export type Role = keyof typeof roles
export const roleNames = Object.keys(roles) as readonly Role[] as readonly [Role, ...Role[]]

/**
 * The pilot's table for hosts that name no roles: masters on the first host, the rest on the second, workers alone on
 * any further one; a single host carries everything.
 */
export function defaultRoles(index: number, hosts: number): readonly Role[] {
  if (hosts === 1) return roleNames
  if (index === 0) return roleNames.filter((role) => roles[role] === 'master')
  if (index === 1) return roleNames.filter((role) => roles[role] !== 'master')
  return roleNames.filter((role) => roles[role] === 'worker')
}
