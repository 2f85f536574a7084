import type { Cluster } from '../../core/cluster/cluster.js'
import type { HostView, ServiceDefinition } from '../../core/cluster/service.js'
import { shellQuote } from '../../core/transport.js'
import { javaProperties } from '../../render/hadoop-configuration.js'

const quorumPorts = { peer: 2888, election: 3888 }

function serverId(cluster: Cluster, host: string): number {
  return cluster.hostsOf('zookeeper').findIndex(({ name }) => name === host) + 1
}

function zooCfg(view: HostView): string {
  const { cluster, host } = view
  const members = cluster.hostsOf('zookeeper')
  return javaProperties({
    tickTime: 2000,
    initLimit: 10,
    syncLimit: 5,
    dataDir: view.data('zookeeper'),
    clientPort: cluster.port('zookeeper', 'client'),
    clientPortAddress: cluster.bindAddress(host),
    // Jetty is not in the class path.
    'admin.enableServer': false,
    // Words that `smartcar cluster status` asks with.
    '4lw.commands.whitelist': 'ruok, srvr, mntr',
    maxClientCnxns: 0,
    'autopurge.snapRetainCount': 3,
    'autopurge.purgeInterval': 24,
    ...(members.length > 1
      ? Object.fromEntries(
          members.map(({ name, address }) => [
            `server.${serverId(cluster, name)}`,
            `${address}:${quorumPorts.peer}:${quorumPorts.election}`,
          ]),
        )
      : {}),
    ...cluster.properties('zookeeper', 'zoo.cfg'),
  })
}

/** Level INFO on the console: logback says everything at DEBUG when it has no configuration. */
const logback = `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <target>System.err</target>
    <encoder><pattern>%date{ISO8601} %level %logger{24}: %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="console" /></root>
</configuration>
`

export const service: ServiceDefinition = {
  name: 'zookeeper',
  files: (view) => ({ 'zookeeper/zoo.cfg': zooCfg(view), 'zookeeper/logback.xml': logback }),
  roles: {
    zookeeper: {
      products: ['zookeeper'],
      launch: (view) => ({
        main: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
        arguments: [view.conf('zookeeper/zoo.cfg')],
        heap: view.cluster.heap('zookeeper'),
        classPath: [view.conf('zookeeper'), `${view.software('zookeeper')}/lib/*`],
      }),
      reads: () => ['zookeeper/zoo.cfg', 'zookeeper/logback.xml'],
      folders: (view) => [view.data('zookeeper')],
      init: (view) => {
        if (view.cluster.hostsOf('zookeeper').length < 2) return undefined
        const file = `${view.data('zookeeper')}/myid`
        return {
          summary: 'number the member of the ensemble',
          done: file,
          launches: [],
          before: `echo ${serverId(view.cluster, view.host.name)} >${shellQuote(file)}`,
        }
      },
      async health({ cluster, host }, { http, signal }) {
        const answer = new TextDecoder().decode(
          await http.ask({
            address: host.address,
            port: cluster.port('zookeeper', 'client'),
            data: 'srvr',
            timeoutMs: 5000,
            signal,
          }),
        )
        const mode = /^Mode: (\S+)/m.exec(answer)?.[1]
        const nodes = /^Node count: (\d+)/m.exec(answer)?.[1]
        if (mode === undefined) {
          return {
            state: 'starting',
            summary: answer.trim() === '' ? 'takes no requests yet' : (answer.split('\n')[0] ?? ''),
            hints: ['a member of an ensemble serves once a majority of its members runs'],
          }
        }
        return { state: 'healthy', summary: `${mode}, ${nodes ?? '?'} znodes` }
      },
      startTimeout: 60,
      stopTimeout: 20,
    },
  },
}
