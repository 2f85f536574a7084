import type { Role } from './roles.js'

/** Ports that a role listens on (pilot.md, section 1; elsewhere the defaults of CDH 5 and 6 and of the Apache versions). */
export const rolePorts: Readonly<Record<Role, readonly number[]>> = {
  namenode: [8020, 50070, 9870],
  secondarynamenode: [50090, 9868],
  resourcemanager: [8030, 8031, 8032, 8033, 8088],
  hmaster: [16000, 16010, 60000, 60010],
  nimbus: [6627],
  'storm-ui': [8080],
  'cm-server': [7180, 7182],
  postgres: [7432],
  datanode: [50010, 50020, 50075, 9866, 9867, 9864],
  nodemanager: [8040, 8041, 8042, 13562],
  regionserver: [16020, 16030, 60020, 60030],
  'hbase-rest': [20550, 8085],
  zookeeper: [2181],
  kafka: [9092],
  flume: [],
  metastore: [9083],
  hiveserver2: [10000],
  'spark-thriftserver': [10016],
  'spark-history': [18088],
  impala: [21000, 21050, 22000, 25000, 25010, 25020],
  oozie: [11000],
  hue: [8888],
  'storm-supervisor': [6700, 6701, 6702, 6703],
  redis: [6379],
  zeppelin: [8080],
  'sqoop-client': [],
}

/** `namenode 8020 50070 9870, kafka 9092`: what the roles of a host listen on. */
export function rolePortsText(roles: readonly Role[]): string {
  return roles
    .filter((role) => rolePorts[role].length > 0)
    .map((role) => `${role} ${rolePorts[role].join(' ')}`)
    .join(', ')
}
