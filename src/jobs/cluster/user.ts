import os from 'node:os'
import type { Cluster } from '../../core/cluster/cluster.js'

/** Who the toolkit is for HDFS and Hive: the account that the services run as, which is HDFS's superuser. */
export function clusterUser(cluster: Cluster): string {
  return cluster.settings.account ?? (cluster.hosts.every(({ local }) => local) ? os.userInfo().username : 'smartcar')
}
