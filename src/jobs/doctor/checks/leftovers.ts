import { type HostCheck, healthy } from '../check.js'

const paths = [
  '/opt/cloudera/parcels',
  '/var/lib/cloudera-scm-server',
  '/var/lib/cloudera-scm-agent',
  '/var/lib/cloudera-scm-server-db',
  '/etc/hadoop/conf',
  '/dfs/nn',
  '/dfs/dn',
  '/var/lib/hadoop-hdfs/cache',
  '/var/lib/zookeeper/version-2',
  '/var/local/kafka/data/meta.properties',
  '/yarn/nm',
]

export const leftovers: HostCheck = {
  id: 'leftovers',
  title: 'leftovers of an earlier installation',
  preparation: true,
  shell: () => `for p in ${paths.join(' ')}; do [ -e "$p" ] && echo "$p"; done
if command -v rpm >/dev/null; then rpm -qa 'cloudera-*' 'hadoop*' 'zookeeper*' 'hbase*' 2>/dev/null | head -n 5; fi; :`,
  interpret: ({ stdout }) => {
    const found = stdout.split('\n').filter((line) => line !== '')
    if (found.length === 0) return healthy('none')
    return {
      state: 'warning',
      evidence: found.join(', '),
      cause:
        'a cluster was here before: old cluster ids make a NameNode, a DataNode or a broker (meta.properties) refuse to start',
      remedy: 'fine when it is the cluster that you use; for a new one move these away first',
    }
  },
}
