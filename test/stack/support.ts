import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'

/**
 * What the tests on real services run against. `startServices` is the one place that starts anything: it writes a site
 * file whose ports are those of the services, so `smartcar cluster start` can take its place. A site of your own, with
 * its services running: SMARTCAR_STACK_SITE=/path/to/its/folder.
 */
export type StackService = 'hdfs' | 'kafka' | 'hbase'

export interface Stack {
  /** Folder with smartcar.yaml of profile `apache`. */
  readonly folder: string
  readonly site: string
  stop(): Promise<void>
}

const libraries = process.env.SMARTCAR_STACK_LIB ?? '/tmp/apache-lib'
const first = Number(process.env.SMARTCAR_STACK_PORT ?? 26_000)
const ports = {
  namenode: { rpc: first + 20, http: first + 70 },
  datanode: { transfer: first + 10, ipc: first + 21, http: first + 75 },
  zookeeper: { client: first + 181 },
  kafka: { client: first + 92, controller: first + 93 },
  hmaster: { rpc: first + 600, http: first + 610 },
  regionserver: { rpc: first + 620, http: first + 630 },
  'hbase-rest': { http: first + 680, info: first + 685 },
}

/** Why the tests cannot run here; undefined when they can. */
export function stackMissing(services: readonly StackService[]): string | undefined {
  if (process.env.SMARTCAR_STACK_SITE !== undefined) return undefined
  const needed = services.flatMap((name) => (name === 'hbase' ? ['hbase', 'hadoop', 'zookeeper'] : [products[name]]))
  const absent = needed.filter((name) => !existsSync(path.join(libraries, name)))
  return absent.length === 0 ? undefined : `no jars of ${absent.join(', ')} below ${libraries}`
}

const products: Readonly<Record<StackService, string>> = { hdfs: 'hadoop', kafka: 'kafka', hbase: 'hbase' }

function xml(settings: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`,
  )
  return `<?xml version="1.0"?>\n<configuration>\n${lines.join('\n')}\n</configuration>\n`
}

const logging = `log4j.rootLogger=WARN,console
log4j.logger.kafka=INFO
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
`

/** Writes every configuration file below `folder`. */
function configure(folder: string): void {
  const data = path.join(folder, 'data')
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, 'conf', name)), { recursive: true })
    writeFileSync(path.join(folder, 'conf', name), text)
  }
  for (const name of ['hadoop', 'hbase', 'zookeeper', 'kafka']) write(`${name}/log4j.properties`, logging)
  write(
    'hadoop/core-site.xml',
    xml({ 'fs.defaultFS': `hdfs://127.0.0.1:${ports.namenode.rpc}`, 'hadoop.tmp.dir': path.join(data, 'tmp') }),
  )
  write(
    'hadoop/hdfs-site.xml',
    xml({
      'dfs.replication': 1,
      'dfs.namenode.name.dir': `file://${data}/nn`,
      'dfs.datanode.data.dir': `file://${data}/dn`,
      'dfs.namenode.rpc-address': `127.0.0.1:${ports.namenode.rpc}`,
      'dfs.namenode.http-address': `127.0.0.1:${ports.namenode.http}`,
      'dfs.datanode.address': `127.0.0.1:${ports.datanode.transfer}`,
      'dfs.datanode.http.address': `127.0.0.1:${ports.datanode.http}`,
      'dfs.datanode.ipc.address': `127.0.0.1:${ports.datanode.ipc}`,
      'dfs.datanode.hostname': '127.0.0.1',
      'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
      'dfs.client.block.write.replace-datanode-on-failure.policy': 'NEVER',
      'dfs.namenode.fs-limits.min-block-size': 1024,
      'dfs.namenode.safemode.extension': 0,
      'dfs.namenode.replication.min': 1,
    }),
  )
  write(
    'hbase/hbase-site.xml',
    xml({
      'hbase.cluster.distributed': 'true',
      'hbase.rootdir': `hdfs://127.0.0.1:${ports.namenode.rpc}/hbase`,
      'hbase.tmp.dir': path.join(data, 'hbase'),
      'hbase.zookeeper.quorum': '127.0.0.1',
      'hbase.zookeeper.property.clientPort': ports.zookeeper.client,
      'hbase.master.hostname': '127.0.0.1',
      'hbase.regionserver.hostname': '127.0.0.1',
      'hbase.master.ipc.address': '127.0.0.1',
      'hbase.regionserver.ipc.address': '127.0.0.1',
      'hbase.master.port': ports.hmaster.rpc,
      'hbase.master.info.port': ports.hmaster.http,
      'hbase.master.info.bindAddress': '127.0.0.1',
      'hbase.regionserver.port': ports.regionserver.rpc,
      'hbase.regionserver.info.port': ports.regionserver.http,
      'hbase.regionserver.info.bindAddress': '127.0.0.1',
      'hbase.rest.host': '127.0.0.1',
      'hbase.rest.port': ports['hbase-rest'].http,
      'hbase.rest.info.port': ports['hbase-rest'].info,
      'hbase.rest.info.bindAddress': '127.0.0.1',
      'hbase.regionserver.handler.count': 10,
      'hbase.master.handler.count': 10,
      'dfs.replication': 1,
    }),
  )
  write(
    'zookeeper/zoo.cfg',
    `tickTime=2000\ndataDir=${data}/zk\nclientPort=${ports.zookeeper.client}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n4lw.commands.whitelist=*\n`,
  )
  write(
    'kafka/server.properties',
    [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${ports.kafka.controller}`,
      `listeners=PLAINTEXT://127.0.0.1:${ports.kafka.client},CONTROLLER://127.0.0.1:${ports.kafka.controller}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${ports.kafka.client}`,
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'controller.listener.names=CONTROLLER',
      'inter.broker.listener.name=PLAINTEXT',
      `log.dirs=${data}/kafka`,
      'num.network.threads=2',
      'num.io.threads=2',
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=5',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      'auto.create.topics.enable=false',
      '',
    ].join('\n'),
  )
  const role = (name: keyof typeof ports, keys: readonly string[]) =>
    `    ${name}: { ${keys.map((key) => `${key}: ${(ports[name] as Record<string, number>)[key]}`).join(', ')} }`
  writeFileSync(
    path.join(folder, 'smartcar.yaml'),
    `name: stack
profile: apache
hosts:
  server01:
    address: 127.0.0.1
    connection: local
    roles: [namenode, datanode, zookeeper, kafka, hmaster, regionserver, hbase-rest]
services:
  hdfs:
${role('namenode', ['rpc', 'http'])}
${role('datanode', ['transfer', 'ipc', 'http'])}
  zookeeper:
${role('zookeeper', ['client'])}
  kafka:
${role('kafka', ['client'])}
  hbase:
${role('hmaster', ['rpc', 'http'])}
${role('regionserver', ['rpc', 'http'])}
${role('hbase-rest', ['http', 'info'])}
`,
  )
}

const hbaseModules = [
  'java.nio',
  'java.lang',
  'java.lang.reflect',
  'java.util',
  'java.util.concurrent',
  'jdk.internal.util.random',
].flatMap((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
const hbaseExports = [
  'java.base/jdk.internal.misc',
  'java.security.jgss/sun.security.krb5',
  'java.base/sun.net.dns',
  'java.base/sun.net.util',
].flatMap((name) => `--add-exports=${name}=ALL-UNNAMED`)

/** `java` and its arguments for a class of a product, with its configuration and jars in the class path. */
export function javaArguments(
  folder: string,
  product: 'hadoop' | 'hbase' | 'kafka' | 'zookeeper',
  heap: number,
  ...words: readonly string[]
): [string, ...string[]] {
  const conf = (name: string) => path.join(folder, 'conf', name)
  const jars = path.join(libraries, product, '*')
  const classPath = product === 'hbase' ? [conf('hbase'), conf('hadoop'), jars] : [conf(product), jars]
  return [
    'java',
    `-Xmx${heap}m`,
    '-Djava.net.preferIPv4Stack=true',
    '-XX:+UseSerialGC',
    // HBase and Kafka would otherwise be measured without their optimising compiler.
    ...(product === 'kafka' ? [] : ['-XX:TieredStopAtLevel=1']),
    ...(product === 'hbase' ? [...hbaseModules, ...hbaseExports] : []),
    `-Dlog4j.configuration=file:${conf(product)}/log4j.properties`,
    '-cp',
    classPath.join(':'),
    ...words,
  ]
}

function open(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

const json = async (url: string) => {
  try {
    const answer = await fetch(url, { headers: { accept: 'application/json' } })
    return answer.ok ? ((await answer.json()) as { beans?: Record<string, unknown>[] }) : undefined
  } catch {
    return undefined
  }
}

async function bean(port: number, name: string): Promise<Record<string, unknown>> {
  return (await json(`http://127.0.0.1:${port}/jmx?qry=${name}`))?.beans?.[0] ?? {}
}

const ready: Readonly<Record<StackService | 'zookeeper', () => Promise<boolean>>> = {
  async hdfs() {
    const state = await bean(ports.namenode.http, 'Hadoop:service=NameNode,name=FSNamesystemState')
    const info = await bean(ports.namenode.http, 'Hadoop:service=NameNode,name=NameNodeInfo')
    return Number(state.NumLiveDataNodes) >= 1 && info.Safemode === ''
  },
  zookeeper: () => open(ports.zookeeper.client),
  kafka: () => open(ports.kafka.client),
  async hbase() {
    const master = await bean(ports.hmaster.http, 'Hadoop:service=HBase,name=Master,sub=Server')
    if (Number(master.masterFinishedInitializationTime ?? 0) === 0 || Number(master.numRegionServers) < 1) return false
    return (await json(`http://127.0.0.1:${ports['hbase-rest'].http}/version/cluster`)) !== undefined
  },
}

function roles(folder: string, service: StackService): readonly [string, [string, ...string[]]][] {
  const java = javaArguments
  const hdfs = 'org.apache.hadoop.hdfs.server'
  const hbase = 'org.apache.hadoop.hbase'
  if (service === 'hdfs') {
    return [
      ['namenode', java(folder, 'hadoop', 384, `${hdfs}.namenode.NameNode`)],
      ['datanode', java(folder, 'hadoop', 384, `${hdfs}.datanode.DataNode`)],
    ]
  }
  if (service === 'kafka') {
    return [['kafka', java(folder, 'kafka', 512, 'kafka.Kafka', path.join(folder, 'conf/kafka/server.properties'))]]
  }
  return [
    ['hmaster', java(folder, 'hbase', 384, `${hbase}.master.HMaster`, 'start')],
    ['regionserver', java(folder, 'hbase', 512, `${hbase}.regionserver.HRegionServer`, 'start')],
    ['hbase-rest', java(folder, 'hbase', 256, `${hbase}.rest.RESTServer`, 'start')],
  ]
}

class Services {
  private readonly children: { role: string; child: ChildProcess }[] = []

  constructor(private readonly folder: string) {}

  private get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HADOOP_HOME: path.join(this.folder, 'home'),
      HADOOP_CONF_DIR: path.join(this.folder, 'conf/hadoop'),
      HBASE_CONF_DIR: path.join(this.folder, 'conf/hbase'),
    }
  }

  private spawn(role: string, [file, ...args]: [string, ...string[]]): ChildProcess {
    const log = openSync(path.join(this.folder, 'logs', `${role}.log`), 'a')
    const child = spawn(file, args, { cwd: this.folder, env: this.environment, stdio: ['ignore', log, log] })
    closeSync(log)
    return child
  }

  async once(role: string, argv: [string, ...string[]]): Promise<void> {
    const child = this.spawn(role, argv)
    const code = await new Promise((resolve) => child.on('exit', resolve))
    if (code !== 0) throw new Error(`${role} ended with ${code}: ${this.log(role)}`)
  }

  start(role: string, argv: [string, ...string[]]): void {
    const child = this.spawn(role, argv)
    this.children.push({ role, child })
  }

  private log(role: string): string {
    return readFileSync(path.join(this.folder, 'logs', `${role}.log`), 'utf8').slice(-2000)
  }

  async wait(service: StackService | 'zookeeper'): Promise<void> {
    const end = Date.now() + 300_000
    while (!(await ready[service]())) {
      const dead = this.children.find(({ child }) => child.exitCode !== null)
      if (dead !== undefined) throw new Error(`${dead.role} ended: ${this.log(dead.role)}`)
      if (Date.now() > end) throw new Error(`${service} is not ready after 300 s, logs below ${this.folder}/logs`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  async stop(): Promise<void> {
    for (const { child } of this.children.reverse()) {
      if (child.exitCode !== null) continue
      const exited = new Promise((resolve) => child.on('exit', resolve))
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 60_000)
      await exited
      clearTimeout(force)
    }
  }
}

/** Starts services by plain java on this machine, with fresh data, unless SMARTCAR_STACK_SITE names a running site. */
export async function startServices(wanted: readonly StackService[], folder: string): Promise<Stack> {
  const running = process.env.SMARTCAR_STACK_SITE
  if (running !== undefined)
    return { folder: running, site: path.join(running, 'smartcar.yaml'), stop: async () => undefined }
  rmSync(folder, { recursive: true, force: true })
  for (const name of ['logs', 'home/bin', 'data/zk']) mkdirSync(path.join(folder, name), { recursive: true })
  configure(folder)
  const services = new Services(folder)
  try {
    if (wanted.includes('kafka')) {
      const tool = ['kafka.tools.StorageTool', 'format', '-t', 'c21hcnRjYXItc3RhY2stMQ', '-c']
      const config = path.join(folder, 'conf/kafka/server.properties')
      await services.once('kafka-format', javaArguments(folder, 'kafka', 128, ...tool, config, '--ignore-formatted'))
      for (const [role, argv] of roles(folder, 'kafka')) services.start(role, argv)
      await services.wait('kafka')
    }
    if (wanted.includes('hdfs') || wanted.includes('hbase')) {
      const format = ['org.apache.hadoop.hdfs.server.namenode.NameNode', '-format', '-nonInteractive']
      await services.once('format', javaArguments(folder, 'hadoop', 256, ...format))
      for (const [role, argv] of roles(folder, 'hdfs')) services.start(role, argv)
      await services.wait('hdfs')
    }
    if (wanted.includes('hbase')) {
      const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
      const config = path.join(folder, 'conf/zookeeper/zoo.cfg')
      services.start('zookeeper', javaArguments(folder, 'zookeeper', 128, main, config))
      await services.wait('zookeeper')
      for (const [role, argv] of roles(folder, 'hbase')) services.start(role, argv)
      await services.wait('hbase')
    }
  } catch (error) {
    await services.stop()
    throw error
  }
  return { folder, site: path.join(folder, 'smartcar.yaml'), stop: () => services.stop() }
}
