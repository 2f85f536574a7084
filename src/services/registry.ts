import type { ServiceName } from '../core/cluster/catalog.js'
import type { ServiceDefinition } from '../core/cluster/service.js'

const services: Readonly<Partial<Record<ServiceName, () => Promise<{ readonly service: ServiceDefinition }>>>> = {
  zookeeper: () => import('./zookeeper/service.js'),
  hdfs: () => import('./hdfs/service.js'),
  yarn: () => import('./yarn/service.js'),
  kafka: () => import('./kafka/service.js'),
  hbase: () => import('./hbase/service.js'),
  flume: () => import('./flume/service.js'),
  postgres: () => import('./postgres/service.js'),
  hive: () => import('./hive/service.js'),
  spark: () => import('./spark/service.js'),
}

/** The definitions of the named services, in the given order. */
export async function loadServices(names: readonly ServiceName[]): Promise<readonly ServiceDefinition[]> {
  const loaded = await Promise.all(names.map((name) => services[name]?.()))
  return loaded.flatMap((one) => (one === undefined ? [] : [one.service]))
}
