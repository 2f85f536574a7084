import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  isServiceRole,
  rolesOfService,
  type ServiceRole,
  serviceNames,
  serviceNeeds,
  serviceOfRole,
  serviceRoles,
} from '../../../../src/core/cluster/catalog.js'
import type { Cluster, ClusterHost } from '../../../../src/core/cluster/cluster.js'
import { hostView, productNames } from '../../../../src/core/cluster/service.js'
import { UnreachableError } from '../../../../src/core/errors.js'
import { buildGraph, type Graph } from '../../../../src/core/plan/graph.js'
import { type Check, type Finding, isShellCheck, type Step, type World } from '../../../../src/core/plan/step.js'
import { asAccount, parseState } from '../../../../src/distributions/apache/role-control.js'
import { headline, tellingLines } from '../../../../src/distributions/apache/start-step.js'
import { stepIds } from '../../../../src/distributions/apache/steps-input.js'
import { localProcesses } from '../../../../src/io/processes.js'
import { stepsToStart, stepsToStop } from '../../../../src/jobs/cluster/life-cycle.js'
import { loadServices } from '../../../../src/services/registry.js'
import {
  type ApacheSteps,
  apacheCluster,
  apacheSteps,
  pilotHosts,
  pinnedProducts,
} from '../../../support/apache-site.js'
import { planWorld } from '../../../support/plan-world.js'

const sites = { localhost: '', pilot: pilotHosts } as const

function graphOf(steps: readonly Step[]): Graph {
  return buildGraph(steps)
}

/** Whether `later` can only be done when `earlier` is. */
function behind(graph: Graph, later: string, earlier: string): boolean {
  const seen = new Set<string>()
  const visit = (id: string): boolean => {
    if (seen.has(id)) return false
    seen.add(id)
    return (graph.needs.get(id) ?? []).some((need) => need === earlier || visit(need))
  }
  return visit(later)
}

const startsOf = (cluster: Cluster, role: ServiceRole) =>
  cluster.hostsOf(role).map(({ name }) => stepIds.start(role, name))

function byId(steps: readonly Step[], id: string): Step {
  const step = steps.find((one) => one.id === id)
  if (step === undefined) throw new Error(`there is no step ${id}, but ${steps.map((one) => one.id).join(', ')}`)
  return step
}

describe.each(Object.entries(sites))('the steps of %s', (_, text) => {
  const cluster = apacheCluster(text)
  const all = apacheSteps(cluster)

  it('have ids of their own and no circle', async () => {
    const { steps } = await all
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
    expect(graphOf(steps).steps).toHaveLength(steps.length)
  })

  it('start every role of the site, after its software, configuration and first-time work', async () => {
    const { steps } = await all
    const graph = graphOf(steps)
    const roles = cluster.hosts.flatMap((host) => host.roles.map((role) => ({ host: host.name, role })))
    expect(roles.map(({ role }) => role).sort()).toEqual([...serviceRoles].sort())
    for (const { host, role } of roles) {
      const start = stepIds.start(role, host)
      expect(behind(graph, start, stepIds.config(serviceOfRole(role), host)), start).toBe(true)
      expect(
        graph.needs.get(start)?.some((need) => need.startsWith('software/')),
        start,
      ).toBe(true)
      const init = stepIds.init(role, host)
      if (steps.some(({ id }) => id === init)) expect(behind(graph, start, init), init).toBe(true)
    }
    const inits = steps.flatMap(({ id }) => (id.includes('/init@') ? [id.replace(/@.*/, '')] : []))
    expect(inits.toSorted()).toEqual(['metastore/init', 'namenode/init', 'postgres/init'])
  })

  it('start a service when all that it needs serves, and its roles in their order', async () => {
    const { steps } = await all
    const graph = graphOf(steps)
    for (const name of serviceNames) {
      const roles = rolesOfService(name)
      for (const start of roles.flatMap((role) => startsOf(cluster, role))) {
        for (const need of serviceNeeds(name)) {
          for (const earlier of rolesOfService(need).flatMap((role) => startsOf(cluster, role)))
            expect(behind(graph, start, earlier), `${start} after ${earlier}`).toBe(true)
          if (steps.some(({ id }) => id === stepIds.serving(need)))
            expect(behind(graph, start, stepIds.serving(need)), `${start} after ${need}`).toBe(true)
        }
      }
      for (const [index, role] of roles.entries()) {
        for (const earlier of roles.slice(0, index).flatMap((other) => startsOf(cluster, other)))
          for (const start of startsOf(cluster, role)) expect(behind(graph, start, earlier)).toBe(true)
      }
    }
    const place = (id: string) => graph.steps.findIndex((step) => step.id.replace(/@.*/, '') === id)
    const order = (...ids: readonly string[]) =>
      expect(ids.map(place), ids.join(', ')).toEqual(ids.map(place).toSorted((a, b) => a - b))
    for (const id of ['namenode/start', 'hdfs/serving', 'hdfs/folders', 'kafka/topic'])
      expect(place(id), id).not.toBe(-1)
    order('namenode/init', 'namenode/start', 'datanode/start', 'hdfs/serving', 'hdfs/folders', 'hmaster/start')
    order('hdfs/folders', 'flume/start')
    order('metastore/init', 'metastore/start', 'hiveserver2/start', 'spark-thriftserver/start')
    order('zookeeper/start', 'kafka/start', 'kafka/topic', 'flume/start')
  })

  it('stop in the reverse order of the start', async () => {
    const { steps, definitions } = await all
    const whole = { cluster, definitions, steps }
    const start = graphOf(stepsToStart([], whole).steps)
    const stop = graphOf(stepsToStop([], whole).steps)
    expect(stop.steps.map(({ id }) => id.replace('undo:', '')).sort()).toEqual(
      start.steps.flatMap(({ id, undo }) => (undo === undefined ? [] : [id])).sort(),
    )
    expect(stop.steps).toHaveLength(serviceRoles.length)
    let compared = 0
    for (const { id: later } of start.steps) {
      for (const { id: earlier } of start.steps) {
        if (!later.includes('/start@') || !earlier.includes('/start@') || !behind(start, later, earlier)) continue
        compared++
        expect(behind(stop, `undo:${earlier}`, `undo:${later}`), `${earlier} stops after ${later}`).toBe(true)
      }
    }
    expect(compared).toBeGreaterThan(30)
    expect(stop.steps[0]?.title).toMatch(/^stop /)
  })

  it('start a part with what it needs, and stop it with what needs it', async () => {
    const { steps, definitions } = await all
    const whole = { cluster, definitions, steps }
    const roles = (chosen: readonly Step[]) =>
      chosen.flatMap(({ id }) => /^(?:undo:)?([\w-]+)\/start@/.exec(id)?.[1] ?? []).sort()
    expect(stepsToStart(['kafka'], whole).services).toEqual(['zookeeper', 'kafka'])
    expect(roles(stepsToStart(['kafka'], whole).steps)).toEqual(['kafka', 'zookeeper'])
    expect(roles(stepsToStart(['hiveserver2'], whole).steps)).toEqual([
      'datanode',
      'hiveserver2',
      'metastore',
      'namenode',
      'postgres',
      'secondarynamenode',
    ])
    expect(stepsToStop(['hive'], whole).services).toEqual(['hive', 'spark'])
    expect(roles(stepsToStop(['hive'], whole).steps)).toEqual(['hiveserver2', 'metastore', 'spark-thriftserver'])
    expect(stepsToStop(['zookeeper'], whole).services).toEqual(['zookeeper', 'kafka', 'hbase', 'flume'])
    expect(roles(stepsToStop(['flume'], whole).steps)).toEqual(['flume'])
    for (const chosen of [stepsToStart(['spark'], whole), stepsToStop(['hdfs'], whole)]) graphOf(chosen.steps)
    expect(() => stepsToStart(['storm'], whole)).toThrow(expect.objectContaining({ code: 'SERVICE_UNKNOWN' }))
  })

  it('make an account on other hosts alone', async () => {
    const { steps } = await all
    const accounts = steps.flatMap(({ id }) => (id.startsWith('services/account@') ? [id] : []))
    expect(accounts).toEqual(text === '' ? [] : ['services/account@server01', 'services/account@server02'])
    for (const id of accounts) expect(behind(graphOf(steps), `services/folders@${id.split('@')[1]}`, id)).toBe(true)
  })
})

it('what comes before the services of a host is needed by its folders and its account', async () => {
  const hostNeeds = (host: string) => [`host/jdk@${host}`]
  const { steps } = await apacheSteps(apacheCluster(pilotHosts), { hostNeeds })
  expect(byId(steps, 'services/folders@server02').needs).toEqual(['host/jdk@server02', 'services/account@server02'])
  expect(byId(steps, 'services/account@server01').needs).toEqual(['host/jdk@server01'])
})

it('a site with a part of the services has the steps of that part', async () => {
  const { steps } = await apacheSteps(
    apacheCluster('hosts: { one: { address: 10.0.0.1, roles: [namenode, datanode] } }'),
  )
  expect(graphOf(steps).steps.map(({ id }) => id)).toEqual([
    'services/account@one',
    'services/folders@one',
    'services/units@one',
    'software/hadoop@one',
    'hdfs/config@one',
    'namenode/init@one',
    'namenode/start@one',
    'datanode/start@one',
    'hdfs/serving',
    'hdfs/folders',
  ])
})

it.each([
  ['kafka', 'zookeeper', '[kafka]'],
  ['regionserver', 'zookeeper', '[namenode, datanode, hmaster, regionserver]'],
  ['hiveserver2', 'metastore', '[namenode, datanode, hiveserver2]'],
  ['datanode', 'namenode', '[datanode]'],
])('%s on a site without %s is an error that names it', async (_, missing, roles) => {
  const cluster = apacheCluster(`hosts: { one: { address: 10.0.0.1, roles: ${roles} } }`)
  await expect(apacheSteps(cluster)).rejects.toMatchObject({
    code: 'ROLE_NOT_PLACED',
    message: expect.stringContaining(`role ${missing}`),
  })
})

it('three members of ZooKeeper know each other by their numbers, three brokers of Kafka too', async () => {
  const roles = 'roles: [zookeeper, kafka]'
  const cluster = apacheCluster(
    `hosts: { a: { address: 10.0.0.1, ${roles} }, b: { address: 10.0.0.2, ${roles} }, c: { address: 10.0.0.3, ${roles} } }`,
  )
  const [zookeeper, kafka] = await loadServices(['zookeeper', 'kafka'])
  const views = cluster.hosts.map((host) => hostView(cluster, host))
  for (const [index, view] of views.entries()) {
    const config = zookeeper?.files(view)['zookeeper/zoo.cfg'] ?? ''
    for (const n of [1, 2, 3]) expect(config).toContain(`server.${n}=10.0.0.${n}:2888:3888\n`)
    expect(zookeeper?.roles.zookeeper?.init?.(view)?.before).toBe(
      `echo ${index + 1} >/opt/smartcar/data/zookeeper/myid`,
    )
    const broker = kafka?.files(view)['kafka/server.properties'] ?? ''
    expect(broker).toContain(`broker.id=${index + 1}\n`)
    expect(broker).toContain('zookeeper.connect=10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/kafka\n')
    expect(broker).toContain('default.replication.factor=3\n')
  }
})

describe('what every service has to keep to', () => {
  it('every role of the catalog has a definition', async () => {
    const definitions = await loadServices(serviceNames)
    expect(definitions.map(({ name }) => name)).toEqual(serviceNames)
    for (const { name, roles } of definitions) {
      expect(Object.keys(roles).sort(), name).toEqual([...rolesOfService(name)].sort())
      for (const definition of Object.values(roles)) {
        expect(definition.startTimeout).toBeGreaterThanOrEqual(30)
        expect(definition.stopTimeout).toBeGreaterThanOrEqual(10)
        for (const product of definition.products) expect(productNames).toContain(product)
      }
    }
  })

  it.each(Object.entries(sites))(
    'on %s a role reads files that are written there, and every file is read',
    async (_, text) => {
      const cluster = apacheCluster(text)
      const { definitions, steps } = await apacheSteps(cluster)
      const read = new Set<string>()
      const written = new Set<string>()
      for (const host of cluster.hosts) {
        const view = hostView(cluster, host)
        const here = definitions.filter(({ name }) => steps.some(({ id }) => id === stepIds.config(name, host.name)))
        const files = here.flatMap((definition) => Object.keys(definition.files(view)))
        expect(new Set(files).size, 'two services write one file').toBe(files.length)
        for (const file of files) written.add(file)
        for (const role of host.roles.filter(isServiceRole)) {
          const definition = definitions.find(({ name }) => name === serviceOfRole(role))?.roles[role]
          for (const file of definition?.reads(view) ?? []) {
            expect(files, `${role} on ${host.name} reads ${file}`).toContain(file)
            read.add(file)
          }
          // Paths below `conf` in the command line are files or folders that are written.
          const launch = definition?.launch(view)
          const words =
            launch === undefined || 'shell' in launch
              ? [...(launch?.shell.matchAll(/[^\s'"]+/g) ?? [])].map(([word]) => word)
              : [
                  ...(launch.arguments ?? []),
                  ...(launch.jvm ?? []),
                  ...launch.classPath,
                  ...Object.values(launch.environment ?? {}),
                ]
          const paths = words.flatMap((word) =>
            word.includes(`${view.conf('')}`) ? [word.slice(word.indexOf(view.conf('')) + view.conf('').length)] : [],
          )
          for (const one of paths)
            expect(
              files.some((file) => file === one || file.startsWith(`${one}/`)),
              `${role}: ${one}`,
            ).toBe(true)
          for (const product of productNames.filter((name) =>
            words.some((word) => word.includes(`${view.software(name)}/`)),
          ))
            expect(definition?.products, `${role} runs jars of ${product}`).toContain(product)
        }
      }
      expect([...written].sort()).toEqual([...read].sort())
    },
  )

  /** Every port of the catalog moved by 20,000, so that a default that was written down shows. */
  const moved = `services:\n${serviceNames
    .map(
      (name) =>
        `  ${name}:\n${rolesOfService(name)
          .map(
            (role) =>
              `    ${role}: { ${Object.entries(apacheCluster().portsOf(role))
                .map(([port, value]) => `${port}: ${value + 20_000}`)
                .join(', ')} }\n`,
          )
          .join('')}`,
    )
    .join('')}`

  async function texts(text: string): Promise<readonly { name: string; text: string }[]> {
    const cluster = apacheCluster(text)
    const { definitions, steps } = await apacheSteps(cluster)
    return cluster.hosts.flatMap((host) => {
      const view = hostView(cluster, host)
      const roles = host.roles.filter(isServiceRole)
      return [
        ...definitions
          .filter(({ name }) => steps.some(({ id }) => id === stepIds.config(name, host.name)))
          .flatMap((definition) => Object.entries(definition.files(view)))
          .map(([file, content]) => ({ name: `${file} of ${host.name}`, text: content })),
        ...roles.map((role) => ({
          name: `${role} on ${host.name}`,
          text: JSON.stringify(definitions.find(({ name }) => name === serviceOfRole(role))?.roles[role]?.launch(view)),
        })),
      ]
    })
  }

  it('ports are the site’s', async () => {
    const cluster = apacheCluster()
    const defaults = serviceRoles.flatMap((role) => Object.values(cluster.portsOf(role)))
    expect(defaults.length).toBeGreaterThan(25)
    const files = await texts(`${pilotHosts}${moved}`)
    const numbers = (content: string) => new Set((content.match(/\b\d{4,5}\b/g) ?? []).map(Number))
    for (const { name, text } of files) {
      const found = numbers(text.replaceAll('hdfs.callTimeout', ''))
      // Numbers that are no ports and look like the default of one.
      const left = defaults.filter(
        (port) =>
          found.has(port) &&
          !new RegExp(
            `(size|bytes|capacity|Timeout|interval|count|ms|rows)\\S*\\s*(=|</name>\\s*<value>)\\s*${port}\\b`,
            'i',
          ).test(text),
      )
      expect(left, name).toEqual([])
    }
    const everything = files.map(({ text }) => text).join('\n')
    for (const port of defaults)
      expect(everything, `port ${port} is used nowhere`).toMatch(new RegExp(`\\b${port + 20_000}\\b`))
  })

  it('names and addresses are the site’s, and nothing listens on every address', async () => {
    for (const { name, text } of await texts(pilotHosts)) {
      expect(text, name).not.toContain('0.0.0.0')
      expect(text, name).not.toMatch(/\blocalhost\b/)
      expect(text, name).not.toContain('127.0.0.1')
      for (const [address] of text.matchAll(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g))
        expect(['10.0.0.1', '10.0.0.2'], name).toContain(address)
      for (const [host] of text.matchAll(/\bserver\d+(\.[\w.]+\w)?/g))
        if (host !== 'server01' && host !== 'server02' && !/^server\.|^server2\b/.test(host))
          expect(['server01.hadoop.com', 'server02.hadoop.com'], name).toContain(host)
    }
    for (const { name, text } of await texts('')) expect(text, name).not.toContain('0.0.0.0')
  })

  it('everything that can listens on every address when the site says so', async () => {
    const files = await texts(`${pilotHosts}services: { bind: all }\n`)
    const open = (file: string) => files.find(({ name }) => name === file)?.text ?? ''
    expect(open('hadoop/hdfs-site.xml of server01')).toMatch(/rpc-bind-host<\/name>\s*<value>0\.0\.0\.0</)
    expect(open('hadoop/yarn-site.xml of server02')).toMatch(/nodemanager\.bind-host<\/name>\s*<value>0\.0\.0\.0</)
    expect(open('kafka/server.properties of server02')).toContain('listeners=PLAINTEXT://0.0.0.0:9092\n')
    // Nobody can connect to 0.0.0.0.
    expect(open('kafka/server.properties of server02')).toContain('advertised.listeners=PLAINTEXT://10.0.0.2:9092\n')
    expect(open('zookeeper/zoo.cfg of server02')).toContain('clientPortAddress=0.0.0.0\n')
    expect(open('hbase/hbase-site.xml of server02')).toMatch(/regionserver\.ipc\.address<\/name>\s*<value>0\.0\.0\.0</)
  })

  it('settings of the site come last and win', async () => {
    const set =
      'services: { hdfs: { properties: { hdfs-site.xml: { dfs.replication: 3 } } }, kafka: { properties: { server.properties: { num.partitions: 8 } } } }'
    const files = await texts(set)
    expect(
      files
        .find(({ name }) => name.startsWith('hadoop/hdfs-site.xml'))
        ?.text.match(/dfs\.replication<\/name>\s*<value>(\d)/)?.[1],
    ).toBe('3')
    expect(
      files.find(({ name }) => name.startsWith('kafka/server.properties'))?.text.match(/^num\.partitions=.*/gm),
    ).toEqual(['num.partitions=8'])
  })
})

describe('a restart', () => {
  /** What every role would be started with: the word of its start. */
  async function digests(text: string, more: Partial<ApacheSteps['input']> = {}) {
    const { cluster, steps } = await apacheSteps(apacheCluster(text), more)
    const found = new Map<string, string>()
    const world = planWorld({
      shell: async (_host, script) => {
        const [, role, digest] = /service\.sh \S+ start ([\w-]+) ([0-9a-f]{16})/.exec(script.replaceAll("'", '')) ?? []
        if (role !== undefined && digest !== undefined) found.set(role, digest)
        return { code: 0, stdout: '', stderr: '' }
      },
    })
    for (const role of serviceRoles)
      for (const id of startsOf(cluster, role)) await byId(steps, id).apply(world, { state: 'ok' }, () => {})
    expect(found.size).toBe(serviceRoles.length)
    return found
  }
  async function touched(text: string, more: Partial<ApacheSteps['input']> = {}) {
    const [before, now] = [await digests(''), await digests(text, more)]
    return [...before].flatMap(([role, digest]) => (now.get(role) === digest ? [] : [role])).sort()
  }
  const inHdfs = ['datanode', 'namenode', 'secondarynamenode']

  it('is for those that read what changed', async () => {
    expect(await touched('')).toEqual([])
    const hdfs = await touched('services: { hdfs: { properties: { hdfs-site.xml: { dfs.blocksize: 1048576 } } } }')
    expect(hdfs).toEqual(serviceRoles.filter((role) => !['kafka', 'postgres', 'zookeeper'].includes(role)).toSorted())
    expect(await touched('services: { kafka: { properties: { server.properties: { num.io.threads: 3 } } } }')).toEqual([
      'kafka',
    ])
    expect(await touched('services: { hive: { properties: { metastore-site.xml: { a.b: 1 } } } }')).toEqual([
      'metastore',
    ])
    expect(await touched('services: { yarn: { properties: { yarn-site.xml: { a.b: 1 } } } }')).toEqual([
      'nodemanager',
      'resourcemanager',
    ])
  })

  it('is for one role when its heap changes', async () => {
    expect(await touched('services: { hdfs: { datanode: { heap: 1G } } }')).toEqual(['datanode'])
  })

  it('is for those whose software changes', async () => {
    const products = new Map(pinnedProducts())
    const hadoop = products.get('hadoop')
    if (hadoop !== undefined) products.set('hadoop', { ...hadoop, id: 'another' })
    expect(await touched('', { products })).toEqual([...inHdfs, 'nodemanager', 'resourcemanager'].sort())
  })
})

// ---- what the steps do on a real folder

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-steps-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const siteFolder = () => path.join(folder, "one's site")

async function checkOf(check: Check, world: World, host: string): Promise<Finding> {
  if (!isShellCheck(check)) return check(world)
  const { code, stdout } = await world.shell(host, check.shell)
  return check.interpret({ code, stdout })
}
const look = (step: Step, world: World) => checkOf(step.check, world, step.host ?? '')
const lookBack = (step: Step, world: World) =>
  checkOf(
    step.undo?.check ?? (async () => ({ state: 'blocked', reason: 'no undo', hints: [] })),
    world,
    step.host ?? '',
  )

async function listing(root: string): Promise<readonly string[]> {
  const names = await readdir(root, { recursive: true }).catch(() => [])
  return names.sort()
}

async function applied(step: Step, world: World): Promise<void> {
  await step.apply(world, await look(step, world), () => {})
}

describe('on a real folder', () => {
  it('folders and supervisor are made, found, made again where one is missing, and taken back', async () => {
    const { steps, cluster, input } = await apacheSteps(apacheCluster('', siteFolder()))
    const { root, data, run, logs } = cluster.hosts[0]?.folders ?? { root: '', data: '', run: '', logs: '' }
    const step = byId(steps, 'services/folders@localhost')
    const world = planWorld()
    const before = await look(step, world)
    expect(before.state === 'change' ? before.changes.map(({ summary }) => summary) : []).toEqual([
      ...['software', 'conf', 'data', 'logs', 'run'].map((name) => `make the folder ${root}/${name}`),
      `write ${root}/service.sh`,
    ])
    expect(await listing(folder), 'a check writes nothing').toEqual([])
    await applied(step, world)
    expect(await look(step, world)).toEqual({ state: 'ok' })
    expect(await readFile(`${root}/service.sh`, 'utf8')).toBe(input.supervisor)
    expect((await stat(data)).mode & 0o777).toBe(0o750)
    const once = await listing(folder)
    await applied(step, world)
    expect(await listing(folder)).toEqual(once)
    await writeFile(`${root}/service.sh`, 'another one')
    await rm(run, { recursive: true })
    expect(await look(step, world)).toMatchObject({
      changes: [{ summary: `make the folder ${run}` }, { summary: `write ${root}/service.sh` }],
    })
    await applied(step, world)
    await writeFile(path.join(logs, 'namenode.log'), 'kept')
    expect(await lookBack(step, world)).toMatchObject({ state: 'change' })
    await step.undo?.apply(world, { state: 'ok' }, () => {})
    expect(await lookBack(step, world)).toEqual({ state: 'ok' })
    expect(await listing(root), 'data and logs stay').toEqual(['logs', 'logs/namenode.log'])
  })

  it('configuration is written, found in place, and a change by hand is shown and undone', async () => {
    const { steps, cluster, definitions } = await apacheSteps(apacheCluster('', siteFolder()))
    const [host] = cluster.hosts
    if (host === undefined) throw new Error('no host')
    const world = planWorld()
    const hdfs = definitions.find(({ name }) => name === 'hdfs')
    const wanted = Object.entries(hdfs?.files(hostView(cluster, host)) ?? {})
    const step = byId(steps, 'hdfs/config@localhost')
    const first = await look(step, world)
    expect(first).toEqual({
      state: 'change',
      changes: wanted.map(([file, text]) => ({
        kind: 'create',
        summary: `write ${host.folders.conf}/${file}`,
        after: text,
      })),
    })
    expect(await listing(folder), 'a check writes nothing').toEqual([])
    await mkdir(host.folders.conf, { recursive: true })
    await step.apply(world, first, () => {})
    expect(await look(step, world)).toEqual({ state: 'ok' })
    for (const [file, text] of wanted) {
      expect(await readFile(`${host.folders.conf}/${file}`, 'utf8')).toBe(text)
      expect((await stat(`${host.folders.conf}/${file}`)).mode & 0o777).toBe(0o640)
    }
    const [site = '', core = ''] = ['hadoop/hdfs-site.xml', 'hadoop/core-site.xml'].map(
      (file) => `${host.folders.conf}/${file}`,
    )
    const coreBefore = await stat(core)
    for (const foreign of [
      '<configuration>\n  it\'s mine &amp; "yours"\n</configuration>',
      '',
      '\n\n',
      'no line end',
    ]) {
      await writeFile(site, foreign)
      const changed = await look(step, world)
      expect(changed).toEqual({
        state: 'change',
        changes: [
          {
            kind: 'update',
            summary: `change ${site}`,
            before: foreign,
            after: wanted.find(([file]) => file.endsWith('hdfs-site.xml'))?.[1],
          },
        ],
      })
      await step.apply(world, changed, () => {})
      expect(await look(step, world)).toEqual({ state: 'ok' })
    }
    expect((await stat(core)).ino, 'what is in place is not written again').toBe(coreBefore.ino)
    expect((await listing(host.folders.conf)).filter((name) => /\.\w{6}$/.test(name))).toEqual([])
    // Files of others in the folder are nobody's business.
    await writeFile(`${host.folders.conf}/hadoop/ssl-client.xml`, 'mine')
    expect(await look(step, world)).toEqual({ state: 'ok' })
  })

  it('software is unpacked, replaced when it is another one, and removed', async () => {
    const archive = path.join(folder, 'kafka.tar')
    await mkdir(path.join(folder, 'content', 'lib'), { recursive: true })
    await writeFile(path.join(folder, 'content', 'lib', 'a.jar'), 'jar')
    await localProcesses.run(['tar', '-cf', archive, '-C', path.join(folder, 'content'), '.'])
    const asked: string[] = []
    const more = {
      archive: async ({ id }: { readonly id: string }) => {
        asked.push(id)
        return { file: archive }
      },
    }
    const { steps, cluster, input } = await apacheSteps(apacheCluster('', siteFolder()), more)
    const root = cluster.hosts[0]?.folders.root ?? ''
    const world = planWorld()
    const step = byId(steps, 'software/kafka@localhost')
    const product = input.products.get('kafka')
    expect(await look(step, world)).toMatchObject({ changes: [{ kind: 'create', after: product?.id }] })
    expect(asked, 'a check downloads nothing').toEqual([])
    await applied(byId(steps, 'services/folders@localhost'), world)
    await applied(step, world)
    expect(await look(step, world)).toEqual({ state: 'ok' })
    expect(await listing(`${root}/software`)).toEqual(['kafka', 'kafka/.smartcar-id', 'kafka/lib', 'kafka/lib/a.jar'])
    await writeFile(`${root}/software/kafka/.smartcar-id`, '3.0.0-old\n')
    await writeFile(`${root}/software/kafka/lib/old.jar`, 'of the old one')
    // What an attempt that was killed left behind.
    await mkdir(`${root}/software/.kafka.new/lib`, { recursive: true })
    await writeFile(`${root}/software/.kafka.new/lib/half.jar`, '')
    expect(await look(step, world)).toMatchObject({
      changes: [{ kind: 'replace', before: '3.0.0-old', after: product?.id }],
    })
    await applied(step, world)
    expect(await look(step, world)).toEqual({ state: 'ok' })
    expect(await listing(`${root}/software`)).toEqual(['kafka', 'kafka/.smartcar-id', 'kafka/lib', 'kafka/lib/a.jar'])
    expect(await lookBack(step, world)).toMatchObject({ changes: [{ kind: 'delete' }] })
    await step.undo?.apply(world, { state: 'ok' }, () => {})
    expect(await lookBack(step, world)).toEqual({ state: 'ok' })
    expect(await listing(`${root}/software`)).toEqual([])
  })

  it('first-time work is done once, by the Java of the site', async () => {
    const java = path.join(folder, 'a java')
    await mkdir(path.join(java, 'bin'), { recursive: true })
    // Formats as the NameNode does, in the folder that it finds in its configuration.
    await writeFile(
      path.join(java, 'bin', 'java'),
      `#!/bin/sh\necho run >>'${folder}/runs'\n[ -e '${folder}/broken' ] && { echo 'java.io.IOException: no luck'; exit 1; }\nmkdir -p current && echo x >current/VERSION\n`,
    )
    await chmod(path.join(java, 'bin', 'java'), 0o755)
    const { steps, cluster } = await apacheSteps(apacheCluster(`services: { java_home: "${java}" }`, siteFolder()))
    const world = planWorld()
    const step = byId(steps, 'namenode/init@localhost')
    expect(await look(step, world)).toMatchObject({ changes: [{ summary: 'format the NameNode' }] })
    await writeFile(path.join(folder, 'broken'), '')
    await expect(applied(step, world)).rejects.toMatchObject({ data: expect.objectContaining({ exitCode: 1 }) })
    expect(await look(step, world)).toMatchObject({ state: 'change' })
    await rm(path.join(folder, 'broken'))
    await applied(step, world)
    expect(await look(step, world)).toEqual({ state: 'ok' })
    const secret = hostView(cluster, cluster.hosts[0] as ClusterHost).secret('postgres-metastore')
    await mkdir(path.dirname(secret), { recursive: true })
    await writeFile(secret, 'pw\n')
    const metastore = byId(steps, 'metastore/init@localhost')
    await applied(metastore, world)
    expect(await look(metastore, world)).toEqual({ state: 'ok' })
    expect(await readFile(path.join(folder, 'runs'), 'utf8')).toBe('run\n'.repeat(4))
  })

  it('a role is started, left alone, started anew when nobody watches it, and stopped', async () => {
    const java = path.join(folder, 'java')
    await mkdir(path.join(java, 'bin'), { recursive: true })
    await writeFile(path.join(java, 'bin', 'java'), '#!/bin/sh\nexec sleep 1000\n')
    await chmod(path.join(java, 'bin', 'java'), 0o755)
    const { steps, cluster } = await apacheSteps(apacheCluster(`services: { java_home: "${java}" }`, siteFolder()))
    const run = cluster.hosts[0]?.folders.run ?? ''
    const world = planWorld()
    const step = byId(steps, 'zookeeper/start@localhost')
    expect(await look(step, world)).toEqual({
      state: 'change',
      changes: [{ kind: 'run', summary: 'start zookeeper', before: 'stopped', after: 'running' }],
    })
    await applied(byId(steps, 'services/folders@localhost'), world)
    try {
      await applied(step, world)
      await expect.poll(() => look(step, world), { timeout: 20_000 }).toEqual({ state: 'ok' })
      const supervisor = Number((await readFile(`${run}/zookeeper.supervisor`, 'utf8')).split('\n')[0])
      process.kill(supervisor, 'SIGKILL')
      await expect
        .poll(() => look(step, world), { timeout: 20_000 })
        .toMatchObject({
          changes: [{ summary: 'restart zookeeper: nothing watches it any more' }],
        })
      await applied(step, world)
      await expect.poll(() => look(step, world), { timeout: 20_000 }).toEqual({ state: 'ok' })
      await writeFile(`${run}/zookeeper.started`, 'another digest\n')
      expect(await look(step, world)).toMatchObject({
        changes: [{ summary: 'restart zookeeper: its configuration or software has changed' }],
      })
      expect(await lookBack(step, world)).toMatchObject({ changes: [{ summary: 'stop zookeeper' }] })
    } finally {
      await step.undo?.apply(world, { state: 'ok' }, () => {})
    }
    expect(await lookBack(step, world)).toEqual({ state: 'ok' })
    expect(await look(step, world)).toMatchObject({ changes: [{ before: 'stopped' }] })
  })

  it('a role that ends while it is waited for is a failure with the telling line of its log', async () => {
    const java = path.join(folder, 'java')
    await mkdir(path.join(java, 'bin'), { recursive: true })
    await writeFile(
      path.join(java, 'bin', 'java'),
      '#!/bin/sh\necho INFO begins\necho "ERROR: Address already in use"\necho "\tat java.net.Bind(X.java:1)"\necho INFO bye\nexit 1\n',
    )
    await chmod(path.join(java, 'bin', 'java'), 0o755)
    const refused = () => Promise.reject(new UnreachableError('SERVICE_UNREACHABLE', 'nothing listens there'))
    const { steps, cluster } = await apacheSteps(apacheCluster(`services: { java_home: "${java}" }`, siteFolder()), {
      tools: { http: { request: refused, ask: refused }, secret: async () => '', signal: new AbortController().signal },
    })
    const world = planWorld()
    const step = byId(steps, 'zookeeper/start@localhost')
    await applied(byId(steps, 'services/folders@localhost'), world)
    try {
      await applied(step, world)
      const probe = async () => {
        for (;;) {
          const found = await step.ready?.probe(world)
          expect(found).toMatchObject({ state: 'blocked', reason: 'nothing listens there' })
        }
      }
      await expect(probe()).rejects.toMatchObject({
        code: 'SERVICE_DIED',
        message: 'zookeeper on localhost ended while it was started: ERROR: Address already in use',
        place: { thing: `${cluster.hosts[0]?.folders.logs}/zookeeper.log` },
      })
    } finally {
      await step.undo?.apply(world, { state: 'ok' }, () => {})
    }
  })
})

it('another account runs a command by su, with every word as it is', async () => {
  const cluster = apacheCluster(pilotHosts)
  const [host] = cluster.hosts
  if (host === undefined) throw new Error('no host')
  const command = asAccount(cluster, host, ['printf', '[%s]', "it's", 'a b', '$HOME', ''])
  expect(command.startsWith('su -s /bin/sh smartcar -c ')).toBe(true)
  // A su that is sh: what the account's shell would be given.
  const script = `su() { shift 4; sh -c "$1"; }\n${command.replace('su -s /bin/sh smartcar -c', 'su -s /bin/sh smartcar -c')}`
  expect((await localProcesses.run(['sh', '-c', script])).stdout).toBe("[it's][a b][$HOME][]")
})

describe('parseState', () => {
  it.each([
    ['', { state: 'absent', ends: 0 }],
    ['sh: something else\n', { state: 'absent', ends: 0 }],
    ['state: odd\n', { state: 'absent', ends: 0 }],
    ['state: running\npid: 17\nstarted: abc\n', { state: 'running', pid: 17, started: 'abc', ends: 0 }],
    [
      'state: running\npid: 17\nunsupervised: yes\nstarted: abc\n',
      { state: 'running', pid: 17, started: 'abc', ends: 0, unsupervised: true },
    ],
    [
      'state: waiting\nstarted: abc\nends: 2\nlast-end: 2020 kafka ended by itself with code 1\n',
      { state: 'waiting', started: 'abc', ends: 2, lastEnd: '2020 kafka ended by itself with code 1' },
    ],
    [
      'state: failed\nends: 5\nlast-end: x: state: running\n',
      { state: 'failed', ends: 5, lastEnd: 'x: state: running' },
    ],
    ['state: stopped\nstarted: \n', { state: 'stopped', started: '', ends: 0 }],
  ])('%j', (text, expected) => {
    expect(parseState(text)).toEqual(expected)
  })
})

describe('tellingLines', () => {
  it('names the exception, not the lines around it that only say that something went wrong', () => {
    const cause = 'java.lang.RuntimeException: Invalid cluster.id in: /data/meta.properties. Expected a, but read b'
    const log = [
      '2026-11-28 04:32:10,603 ERROR server.KafkaServer: Fatal error during KafkaServer startup',
      cause,
      '\tat kafka.server.KafkaServer.startup(KafkaServer.scala:265)',
      '2026-11-28 04:32:10,768 ERROR kafka.Kafka$: Exiting Kafka due to fatal exception during startup.',
    ].join('\n')
    expect(headline(tellingLines(log))).toBe(cause)
    expect(headline(['nothing', 'of use'])).toBe('of use')
    expect(headline([])).toBe('it printed nothing')
  })

  it('are the newest that sound like a failure, without their stack', () => {
    const log = `INFO starts\nERROR first\njava.net.BindException: Address in use\n\tat a.b.C(D.java:1)\n   at e\nINFO more\n\n`
    expect(tellingLines(log)).toEqual(['ERROR first', 'java.net.BindException: Address in use'])
    expect(tellingLines(log, 1)).toEqual(['java.net.BindException: Address in use'])
  })
  it('are the last ones where none sounds like a failure', () => {
    const log = Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n')
    expect(tellingLines(log)).toEqual(Array.from({ length: 12 }, (_, n) => `line ${n + 18}`))
    expect(tellingLines('')).toEqual([])
  })
})

it('folders with blanks and other signs reach every part of HDFS in the form that it takes', async () => {
  const cluster = apacheCluster('', "/my site/50% it's")
  const [host] = cluster.hosts
  if (host === undefined) throw new Error('no host')
  const [hdfs] = await loadServices(['hdfs'])
  const text = hdfs?.files(hostView(cluster, host))['hadoop/hdfs-site.xml'] ?? ''
  const value = (name: string) => new RegExp(`<name>${name}</name>\\s*<value>(.*)</value>`).exec(text)?.[1]
  const data = "/my site/50% it's/smartcar-data/services/data"
  expect(fileURLToPath(value('dfs.namenode.name.dir') ?? '')).toBe(`${data}/namenode`)
  expect(fileURLToPath(value('dfs.namenode.checkpoint.dir') ?? '')).toBe(`${data}/secondarynamenode`)
  expect(value('dfs.namenode.name.dir')).not.toMatch(/ /)
  expect(value('dfs.datanode.data.dir')).toBe(`file://${data}/datanode`)
})

describe('the scripts of first-time work', () => {
  it('name their files by quoted words', async () => {
    const hosts =
      'hosts: { a: { address: 10.0.0.1, roles: [zookeeper] }, b: { address: 10.0.0.2, roles: [zookeeper] } }'
    const cluster = apacheCluster(`services: { root: "${folder}/it's" }\n${hosts}`)
    const [, second] = cluster.hosts
    if (second === undefined) throw new Error('no host')
    const [zookeeper] = await loadServices(['zookeeper'])
    const init = zookeeper?.roles.zookeeper?.init?.(hostView(cluster, second))
    await mkdir(path.dirname(init?.done ?? ''), { recursive: true })
    expect(await localProcesses.run(['sh', '-c', init?.before ?? ''])).toMatchObject({ code: 0, stderr: '' })
    expect(await readFile(`${folder}/it's/data/zookeeper/myid`, 'utf8')).toBe('2\n')
  })
})
