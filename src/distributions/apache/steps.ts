/** The steps that put the Apache services on a host and start them. Pure but for what their checks and applies do. */
import { createHash } from 'node:crypto'
import {
  rolesOfService,
  type ServiceName,
  type ServiceRole,
  serviceNeeds,
  serviceTitle,
} from '../../core/cluster/catalog.js'
import type { Cluster, ClusterHost } from '../../core/cluster/cluster.js'
import {
  type HostView,
  hostView,
  type Launch,
  type ProbeTools,
  type ProductName,
  type RoleDefinition,
  type ServiceDefinition,
  type Setup,
} from '../../core/cluster/service.js'
import { BugError, FailedError, UnreachableError } from '../../core/errors.js'
import { shellPrelude } from '../../core/plan/batch.js'
import { lastLines } from '../../core/plan/failure.js'
import { runScript } from '../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type Finding, type ShellCheck, type Step, type World } from '../../core/plan/step.js'
import { shellQuote } from '../../core/transport.js'
import { findJava, javaCommand, launchScript } from './launch-script.js'
import { assertPortsFree, listenersSnippet, startPorts } from './ports.js'
import type { Product } from './products.js'

export interface ServiceStepsInput {
  readonly cluster: Cluster
  /** Every service of the cluster, in the order of the catalog. */
  readonly definitions: readonly ServiceDefinition[]
  readonly products: ReadonlyMap<ProductName, Product>
  /** The archive of a product on this machine, made when it is first asked for. */
  readonly archive: (product: Product) => Promise<string>
  /** Text of templates/apache/service.sh. */
  readonly supervisor: string
  readonly tools: ProbeTools
  /** The account that HDFS knows the toolkit as. */
  readonly user: string
  /** Ids of steps that have to be done on a host before its services: the JDK, the accounts. */
  readonly hostNeeds: (host: string) => readonly string[]
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** The account that services run as on a host; undefined: the one that smartcar logs in as. */
export function accountOf(cluster: Cluster, host: ClusterHost): string | undefined {
  return cluster.settings.account ?? (host.local ? undefined : 'smartcar')
}

/** A command as the services' account. */
export function asAccount(cluster: Cluster, host: ClusterHost, words: readonly string[]): string {
  const command = words.map(shellQuote).join(' ')
  const account = accountOf(cluster, host)
  return account === undefined ? command : `su -s /bin/sh ${shellQuote(account)} -c ${shellQuote(command)}`
}

/** A Java program that runs to its end on a host, as the services' account and with its Java. */
export function javaTool(cluster: Cluster, host: ClusterHost, launch: Launch): string {
  const body = `${findJava(cluster.settings.java_home)}\n${javaCommand(launch)}`
  return asAccount(cluster, host, ['sh', '-c', body])
}

/** `sh ROOT/service.sh ROOT <verb> <role> [word]` as the services' account. */
export function serviceCommand(
  cluster: Cluster,
  host: ClusterHost,
  verb: 'start' | 'stop' | 'state',
  role: ServiceRole,
  word?: string,
): string {
  const { root } = host.folders
  return asAccount(cluster, host, ['sh', `${root}/service.sh`, root, verb, role, ...(word === undefined ? [] : [word])])
}

export interface RoleState {
  readonly state: 'running' | 'waiting' | 'failed' | 'stopped' | 'absent'
  readonly pid?: number
  /** What it was started with. */
  readonly started?: string
  /** How often it ended by itself since it was started, and what was noted the last time. */
  readonly ends: number
  readonly lastEnd?: string
  /** It runs and nobody watches it: when it ends it stays so. */
  readonly unsupervised?: true
}

/** What `state` prints, and nothing where no service.sh is. */
export function parseState(stdout: string): RoleState {
  const value = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stdout)?.[1]
  const state = value('state')
  const pid = value('pid')
  const started = value('started')
  const lastEnd = value('last-end')
  return {
    state: state === 'running' || state === 'waiting' || state === 'failed' || state === 'stopped' ? state : 'absent',
    ...(pid === undefined ? {} : { pid: Number(pid) }),
    ...(started === undefined ? {} : { started }),
    ends: Number(value('ends') ?? 0),
    ...(lastEnd === undefined ? {} : { lastEnd }),
    ...(value('unsupervised') === undefined ? {} : { unsupervised: true }),
  }
}

/** Prints the state of a role; nothing on a host that has no services. */
export function stateSnippet(cluster: Cluster, host: ClusterHost, role: ServiceRole): string {
  const file = shellQuote(`${host.folders.root}/service.sh`)
  return `if [ -r ${file} ]; then ${serviceCommand(cluster, host, 'state', role)}; fi`
}

export const stepIds = {
  root: (host: string) => `services/folders@${host}`,
  account: (host: string) => `services/account@${host}`,
  software: (product: ProductName, host: string) => `software/${product}@${host}`,
  config: (service: ServiceName, host: string) => `${service}/config@${host}`,
  init: (role: ServiceRole, host: string) => `${role}/init@${host}`,
  start: (role: ServiceRole, host: string) => `${role}/start@${host}`,
  serving: (service: ServiceName) => `${service}/serving`,
}

/** Every start of a role, and all that has to be done before what needs a service may start. */
const tags = {
  role: (role: ServiceRole) => `started:${role}`,
  service: (service: ServiceName) => `serves:${service}`,
}

/** Services whose configuration `name` reads: itself and all that it needs. */
function configurationOf(name: ServiceName): readonly ServiceName[] {
  return [...new Set([...serviceNeeds(name).flatMap(configurationOf), name])]
}

function foldersStep(input: ServiceStepsInput, host: ClusterHost): Step {
  const { cluster } = input
  const { root, software, conf, data, logs, run } = host.folders
  const script = `${root}/service.sh`
  const digest = sha256(input.supervisor)
  const account = accountOf(cluster, host)
  const owned = [conf, data, logs, run]
  return {
    id: stepIds.root(host.name),
    title: 'folders of the services',
    reason: `software, configuration, data and logs of the services are below ${root}`,
    group: 'services',
    host: host.name,
    needs: [...input.hostNeeds(host.name), ...(account === undefined ? [] : [stepIds.account(host.name)])],
    check: {
      shell: `for d in ${[software, ...owned].map(shellQuote).join(' ')}; do [ -d "$d" ] || echo "absent: $d"; done
sha256sum <${shellQuote(script)} 2>/dev/null | cut -d' ' -f1`,
      interpret: ({ stdout }) => {
        const changes: Change[] = [...stdout.matchAll(/^absent: (.*)$/gm)].map(([, folder = '']) => ({
          kind: 'create',
          summary: `make the folder ${folder}`,
        }))
        if (!stdout.includes(digest)) changes.push({ kind: 'create', summary: `write ${script}` })
        return changeOrOk(changes)
      },
    },
    async apply(world) {
      await runScript(
        world,
        host.name,
        `mkdir -p ${[software, ...owned].map(shellQuote).join(' ')}
${account === undefined ? '' : `chown ${shellQuote(account)} ${owned.map(shellQuote).join(' ')}`}
chmod 750 ${shellQuote(data)} ${shellQuote(conf)}
printf %s ${shellQuote(input.supervisor)} | replace ${shellQuote(script)}
chmod 755 ${shellQuote(script)}`,
        { command: `make ${root}` },
      )
    },
    undo: {
      check: {
        shell: `if [ -e ${shellQuote(script)} ]; then echo there; fi`,
        interpret: ({ stdout }) =>
          stdout.trim() === ''
            ? { state: 'ok' }
            : {
                state: 'change',
                changes: [
                  { kind: 'delete', summary: `remove ${conf}, ${run} and ${script}; ${data} and ${logs} stay` },
                ],
              },
      },
      async apply(world) {
        await runScript(
          world,
          host.name,
          `rm -rf ${[conf, run].map(shellQuote).join(' ')} && rm -f ${shellQuote(script)}
rmdir ${[software, logs, data, root].map(shellQuote).join(' ')} 2>/dev/null || :`,
          { command: `remove ${root}` },
        )
      },
    },
  }
}

function accountStep(input: ServiceStepsInput, host: ClusterHost): Step | undefined {
  const account = accountOf(input.cluster, host)
  if (account === undefined || host.local) return undefined
  return {
    id: stepIds.account(host.name),
    title: 'account of the services',
    reason: 'no service runs as root',
    group: 'services',
    host: host.name,
    needs: input.hostNeeds(host.name),
    check: {
      shell: `getent passwd ${shellQuote(account)} >/dev/null`,
      interpret: ({ code }) =>
        changeOrOk(code === 0 ? [] : [{ kind: 'create', summary: `make the account ${account}` }]),
    },
    async apply(world) {
      await runScript(
        world,
        host.name,
        `useradd --system --create-home --home-dir ${shellQuote(`/var/lib/${account}`)} --shell /sbin/nologin ${shellQuote(account)}`,
        { command: `useradd ${account}` },
      )
    },
    undo: {
      check: {
        shell: `getent passwd ${shellQuote(account)} >/dev/null && echo there || :`,
        interpret: ({ stdout }) =>
          stdout.trim() === ''
            ? { state: 'ok' }
            : { state: 'ok', note: `left: account ${account} on ${host.name}: the data of the services belong to it` },
      },
      apply: async () => {},
    },
  }
}

function softwareStep(input: ServiceStepsInput, host: ClusterHost, product: Product): Step {
  const folder = `${host.folders.software}/${product.name}`
  const mark = `${folder}/.smartcar-id`
  const archive = `${host.folders.software}/${product.name}-${product.id}.tar`
  return {
    id: stepIds.software(product.name, host.name),
    title: `software of ${product.name}`,
    reason: `${product.name} ${product.version}, ${product.artifacts.length} files, as pinned in provisioning/apache`,
    group: 'software',
    host: host.name,
    needs: [stepIds.root(host.name)],
    check: {
      shell: `cat ${shellQuote(mark)} 2>/dev/null || :`,
      interpret: ({ stdout }) => {
        const found = stdout.trim()
        return changeOrOk(
          found === product.id
            ? []
            : [
                {
                  kind: found === '' ? 'create' : 'replace',
                  summary: `install ${product.name} ${product.version}`,
                  ...(found === '' ? {} : { before: found }),
                  after: product.id,
                },
              ],
        )
      },
    },
    async apply(world, _finding, emit) {
      const file = await input.archive(product)
      let told = 0
      await world.upload(host.name, file, archive, {
        mode: 0o644,
        onProgress: (done, total) => {
          const tenth = Math.floor((done * 10) / Math.max(1, total))
          if (tenth > told) emit(`${product.name}: ${tenth * 10} % of ${Math.round(total / 1e6)} MB sent`)
          told = Math.max(told, tenth)
        },
      })
      const fresh = `${host.folders.software}/.${product.name}.new`
      const old = `${host.folders.software}/.${product.name}.old`
      await runScript(
        world,
        host.name,
        `rm -rf ${shellQuote(fresh)} ${shellQuote(old)}
mkdir -p ${shellQuote(fresh)}
tar -xf ${shellQuote(archive)} -C ${shellQuote(fresh)}
chmod -R a+rX ${shellQuote(fresh)}
echo ${shellQuote(product.id)} >${shellQuote(`${fresh}/.smartcar-id`)}
if [ -e ${shellQuote(folder)} ]; then mv ${shellQuote(folder)} ${shellQuote(old)}; fi
mv ${shellQuote(fresh)} ${shellQuote(folder)}
rm -rf ${shellQuote(old)} ${shellQuote(archive)}`,
        { command: `unpack ${product.name}`, timeoutMs: 600_000 },
      )
    },
    undo: {
      check: {
        shell: `cat ${shellQuote(mark)} 2>/dev/null || :`,
        interpret: ({ stdout }) =>
          changeOrOk(stdout.trim() === '' ? [] : [{ kind: 'delete', summary: `remove ${folder}` }]),
      },
      async apply(world) {
        await runScript(world, host.name, `rm -rf ${shellQuote(folder)}`, { command: `remove ${folder}` })
      },
    },
  }
}

/** Takes apart what `readFiles` printed: text by path, without those that are not there. */
function parseFiles(stdout: string, token: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const part of stdout.split(`@${token} `).slice(1)) {
    const end = part.indexOf('\n')
    // The mark stands on a line of its own, so a line end was put before the next one.
    found.set(part.slice(0, end), part.slice(end + 1).replace(/\n$/, ''))
  }
  return found
}

function configStep(input: ServiceStepsInput, definition: ServiceDefinition, host: ClusterHost): Step {
  const view = hostView(input.cluster, host)
  const files = Object.entries(definition.files(view)).map(([file, text]) => ({ file: view.conf(file), text }))
  const folders = [...new Set(files.map(({ file }) => file.slice(0, file.lastIndexOf('/'))))]
  const token = 'smartcar-file'
  const account = accountOf(input.cluster, host)
  const check: ShellCheck = {
    shell: files
      .map(
        ({ file }) =>
          `if [ -r ${shellQuote(file)} ]; then echo ${shellQuote(`@${token} ${file}`)}; cat ${shellQuote(file)}; echo; fi`,
      )
      .join('\n'),
    interpret: ({ stdout }) => {
      const found = parseFiles(stdout, token)
      return changeOrOk(
        files.flatMap(({ file, text }): Change[] => {
          const now = found.get(file)
          if (now === text) return []
          return [
            {
              kind: now === undefined ? 'create' : 'update',
              summary: `${now === undefined ? 'write' : 'change'} ${file}`,
              ...(now === undefined ? {} : { before: now }),
              after: text,
            },
          ]
        }),
      )
    },
  }
  return {
    id: stepIds.config(definition.name, host.name),
    title: `configuration of ${serviceTitle(definition.name)}`,
    reason: 'rendered from the site file',
    group: definition.name,
    host: host.name,
    needs: [stepIds.root(host.name)],
    check,
    async apply(world, finding) {
      const wanted = finding.state === 'change' ? finding.changes.map(({ summary }) => summary) : []
      const touched = files.filter(({ file }) => wanted.some((summary) => summary.endsWith(` ${file}`)))
      await runScript(
        world,
        host.name,
        `mkdir -p ${folders.map(shellQuote).join(' ')}
${touched.map(({ file, text }) => `printf %s ${shellQuote(text)} | replace ${shellQuote(file)}`).join('\n')}
chmod 640 ${touched.map(({ file }) => shellQuote(file)).join(' ')}
${account === undefined ? '' : `chown -R ${shellQuote(account)} ${folders.map(shellQuote).join(' ')}`}`,
        { command: `write the configuration of ${definition.name}` },
      )
    },
  }
}

function initStep(
  input: ServiceStepsInput,
  host: ClusterHost,
  role: ServiceRole,
  definition: RoleDefinition,
): Step | undefined {
  const view = hostView(input.cluster, host)
  const init = definition.init?.(view)
  if (init === undefined) return undefined
  const folders = [...definition.folders(view), view.data(role)]
  const body = [
    'set -e',
    `mkdir -p ${folders.map(shellQuote).join(' ')}`,
    `cd ${shellQuote(view.data(role))}`,
    ...(init.before === undefined ? [] : [init.before]),
    ...(init.launches.length === 0 ? [] : [findJava(input.cluster.settings.java_home)]),
    ...init.launches.map((launch) => `${javaCommand(launch)} </dev/null 2>&1`),
    ...(init.after === undefined ? [] : [init.after]),
  ].join('\n')
  return {
    id: stepIds.init(role, host.name),
    title: init.summary,
    reason: `${role} cannot start without it`,
    group: 'init',
    host: host.name,
    needs: [],
    check: {
      shell: `[ -e ${shellQuote(init.done)} ] && echo done || :`,
      interpret: ({ stdout }) =>
        changeOrOk(stdout.trim() === 'done' ? [] : [{ kind: 'create', summary: init.summary, after: init.done }]),
    },
    async apply(world) {
      await runScript(world, host.name, asAccount(input.cluster, host, ['sh', '-c', body]), {
        command: init.summary,
        timeoutMs: 300_000,
      })
    },
  }
}

/** Hash of all that a role is started with: software, configuration, command line. */
function startDigest(input: ServiceStepsInput, view: HostView, definition: RoleDefinition, script: string): string {
  const texts = new Map(input.definitions.flatMap((service) => Object.entries(service.files(view))))
  const read = definition.reads(view).map((file) => {
    const text = texts.get(file)
    if (text === undefined) throw new BugError(`no service writes ${file}`)
    return text
  })
  const products = definition.products.map((name) => input.products.get(name)?.id ?? '')
  return sha256(JSON.stringify([script, read, products])).slice(0, 16)
}

/** What a service printed last, for an error that says more than "connection refused". */
async function logTail(world: World, host: ClusterHost, role: ServiceRole): Promise<string> {
  const file = shellQuote(`${host.folders.logs}/${role}.log`)
  const { stdout } = await world.shell(host.name, `${shellPrelude}tail -n 400 ${file} 2>/dev/null || :`)
  return stdout
}

const telling = /\b(ERROR|FATAL|Exception|Error:|error:|refused|denied|No space|in use|not found|Unrecognized)\b/

/** The lines of a log that say why it ended: the newest that sound like a failure, else the last ones. */
export function tellingLines(log: string, most = 12): readonly string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  const errors = lines.filter((line) => telling.test(line))
  return errors.length > 0 ? errors.slice(-most) : lines.slice(-most)
}

function startStep(
  input: ServiceStepsInput,
  service: ServiceDefinition,
  host: ClusterHost,
  role: ServiceRole,
  definition: RoleDefinition,
): Step {
  const { cluster } = input
  const view = hostView(cluster, host)
  const title = `${role} on ${host.name}`
  const script = launchScript(title, view.data(role), definition.launch(view), cluster.settings.java_home)
  const digest = startDigest(input, view, definition, script)
  const scriptFile = `${host.folders.run}/${role}.sh`
  const folders = [...new Set([view.data(role), ...definition.folders(view)])]
  const interpret = ({ stdout }: { readonly stdout: string }): Finding => {
    const found = parseState(stdout)
    if (found.state === 'running' && found.started === digest && found.unsupervised !== true) return { state: 'ok' }
    if (found.state === 'running' && found.started === digest) {
      return { state: 'change', changes: [{ kind: 'run', summary: `restart ${role}: nothing watches it any more` }] }
    }
    if (found.state === 'running' || found.state === 'waiting') {
      return {
        state: 'change',
        changes: [
          found.started === digest
            ? { kind: 'run', summary: `start ${role}`, before: `ended by itself ${found.ends} times`, after: 'running' }
            : { kind: 'run', summary: `restart ${role}: its configuration or software has changed` },
        ],
      }
    }
    return {
      state: 'change',
      changes: [
        {
          kind: 'run',
          summary: `start ${role}`,
          before: found.state === 'failed' ? 'failed' : 'stopped',
          after: 'running',
        },
      ],
    }
  }
  const check: ShellCheck = { shell: stateSnippet(cluster, host, role), interpret }
  const askState = async (world: World) => {
    const { stdout } = await world.shell(host.name, `${shellPrelude}${stateSnippet(cluster, host, role)}`)
    return parseState(stdout)
  }
  const assertAlive = async (world: World) => {
    const found = await askState(world)
    if (found.state === 'running' && found.ends === 0) return
    if (found.ends === 0 && found.state === 'waiting') return
    const lines = tellingLines(await logTail(world, host, role))
    throw new FailedError(
      'SERVICE_DIED',
      `${role} on ${host.name} ended while it was started: ${lines.at(-1)?.trim() ?? 'it printed nothing'}`,
      {
        hints: [`smartcar cluster logs ${role} shows all of it`],
        place: { thing: `${host.folders.logs}/${role}.log` },
        data: { host: host.name, role, lastLines: lastLines(lines.join('\n')) },
      },
    )
  }
  let looks = 0
  return {
    id: stepIds.start(role, host.name),
    title: `start ${role}`,
    reason: `${serviceTitle(service.name)} runs on ${host.name}`,
    group: service.name,
    host: host.name,
    needs: [],
    tags: [tags.role(role), tags.service(service.name)],
    check,
    async apply(world) {
      looks = 0
      const ports = startPorts(cluster, role).map(({ port }) => port)
      const printed = await runScript(
        world,
        host.name,
        `${asAccount(cluster, host, ['mkdir', '-p', ...folders])}
printf %s ${shellQuote(script)} | replace ${shellQuote(scriptFile)}
chmod 755 ${shellQuote(scriptFile)}
${serviceCommand(cluster, host, 'stop', role, String(definition.stopTimeout))} >/dev/null
taken=$(${listenersSnippet(host, ports, cluster.bindAddress(host))})
if [ -n "$taken" ]; then echo "$taken"; else ${serviceCommand(cluster, host, 'start', role, digest)}; fi`,
        { command: `start ${role}`, timeoutMs: (definition.stopTimeout + 60) * 1000 },
      )
      assertPortsFree(cluster, host, role, printed)
    },
    ready: {
      timeoutMs: definition.startTimeout * 1000,
      async probe(world) {
        try {
          const tools = { ...input.tools, signal: world.signal }
          if (definition.ready !== undefined) {
            if (await definition.ready(view, tools)) return { state: 'ok' }
          } else {
            const health = await definition.health(view, tools)
            if (health.state === 'healthy') return { state: 'ok' }
            return { state: 'blocked', reason: health.summary, hints: health.hints ?? [] }
          }
          return { state: 'blocked', reason: 'not ready yet', hints: [] }
        } catch (error) {
          if (!(error instanceof UnreachableError)) throw error
          // Nothing answers: asking the host whether the process lives costs a round trip, so not every time.
          looks++
          if (looks % 4 === 0) await assertAlive(world)
          return {
            state: 'blocked',
            reason: error.message,
            hints: [`smartcar cluster logs ${role}`],
          }
        }
      },
    },
    undo: {
      check: {
        shell: stateSnippet(cluster, host, role),
        interpret: ({ stdout }) => {
          const { state } = parseState(stdout)
          return changeOrOk(
            state === 'running' || state === 'waiting' ? [{ kind: 'run', summary: `stop ${role}` }] : [],
          )
        },
      },
      async apply(world) {
        await stopRole(world, cluster, host, role, definition.stopTimeout)
      },
    },
  }
}

/** Stops a role; one that does not end in time is killed. Returns how it ended. */
async function stopRole(
  world: World,
  cluster: Cluster,
  host: ClusterHost,
  role: ServiceRole,
  timeout: number,
): Promise<string> {
  const command = serviceCommand(cluster, host, 'stop', role, String(timeout))
  const output = await runScript(world, host.name, command, {
    command: `stop ${role}`,
    timeoutMs: (timeout + 60) * 1000,
  })
  return output.trim()
}

/** A gate behind a service's roles: done when the service as a whole serves. */
function servingStep(input: ServiceStepsInput, service: ServiceDefinition, host: string): Step | undefined {
  const { serving } = service
  if (serving === undefined) return undefined
  const ask = async (world: World): Promise<Finding> => {
    try {
      const health = await serving(input.cluster, { ...input.tools, signal: world.signal })
      if (health.state === 'healthy') return { state: 'ok', note: health.summary }
      return { state: 'change', changes: [{ kind: 'run', summary: `wait until it serves: ${health.summary}` }] }
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      return { state: 'change', changes: [{ kind: 'run', summary: 'wait until it serves' }] }
    }
  }
  return {
    id: stepIds.serving(service.name),
    title: `${serviceTitle(service.name)} serves`,
    reason: 'what needs it starts only then',
    group: service.name,
    host,
    needs: rolesOfService(service.name).map(tags.role),
    tags: [tags.service(service.name)],
    check: ask,
    apply: async () => {},
    ready: { timeoutMs: 240_000, probe: ask },
  }
}

function setupStep(input: ServiceStepsInput, service: ServiceDefinition, setup: Setup, host: string): Step {
  const { cluster } = input
  return {
    id: `${service.name}/${setup.name}`,
    title: setup.title,
    reason: setup.reason,
    group: service.name,
    host,
    needs: [
      ...rolesOfService(service.name).map(tags.role),
      ...(service.serving === undefined ? [] : [stepIds.serving(service.name)]),
    ],
    tags: [tags.service(service.name)],
    async check(world) {
      try {
        return changeOrOk(await setup.find(cluster, input.user, { ...input.tools, signal: world.signal }))
      } catch (error) {
        // For a plan, while the service does not run yet.
        if (!(error instanceof UnreachableError)) throw error
        return { state: 'change', changes: [{ kind: 'create', summary: setup.title }] }
      }
    },
    apply: (world) => setup.apply(cluster, input.user, { ...input.tools, signal: world.signal }),
  }
}

/**
 * All steps of the services on all hosts of the cluster. Order comes from needs: folders, software and configuration,
 * then the roles of a service one behind the other, behind the services that it needs.
 */
export function serviceSteps(input: ServiceStepsInput): readonly Step[] {
  const { cluster, definitions } = input
  const steps: Step[] = []
  for (const host of cluster.hosts) {
    if (host.roles.length === 0) continue
    const services = definitions.filter(({ name }) => rolesOfService(name).some((role) => host.roles.includes(role)))
    const configured = new Set(services.flatMap(({ name }) => configurationOf(name)))
    const roles = services.flatMap((service) =>
      rolesOfService(service.name).flatMap((role) => {
        const definition = service.roles[role]
        return definition !== undefined && host.roles.includes(role) ? [{ service, role, definition }] : []
      }),
    )
    const products = new Set(roles.flatMap(({ definition }) => definition.products))
    steps.push(
      ...[accountStep(input, host)].filter((step) => step !== undefined),
      foldersStep(input, host),
      ...[...products].map((name) => softwareStep(input, host, productOf(input, name))),
      ...definitions
        .filter(({ name }) => configured.has(name))
        .map((definition) => configStep(input, definition, host)),
    )
    for (const { service, role, definition } of roles) {
      const before = rolesOfService(service.name)
      const earlier = before.slice(0, before.indexOf(role)).filter((other) => cluster.hostsOf(other).length > 0)
      const needed = serviceNeeds(service.name).filter((name) => cluster.services.includes(name))
      const base = [
        ...definition.products.map((name) => stepIds.software(name, host.name)),
        ...configurationOf(service.name)
          .filter((name) => configured.has(name))
          .map((name) => stepIds.config(name, host.name)),
      ]
      const init = initStep(input, host, role, definition)
      const start = startStep(input, service, host, role, definition)
      const after = [...needed.map(tags.service), ...earlier.map(tags.role)]
      if (init !== undefined) steps.push({ ...init, needs: base })
      steps.push({ ...start, needs: [...base, ...after, ...(init === undefined ? [] : [init.id])] })
    }
  }
  for (const service of definitions) {
    const [first] = rolesOfService(service.name).flatMap((role) => cluster.hostsOf(role))
    if (first === undefined) continue
    const named = (need: string) => steps.some(({ id, tags: known }) => id === need || known?.includes(need) === true)
    const keep = (step: Step): Step => ({ ...step, needs: step.needs.filter(named) })
    const serving = servingStep(input, service, first.name)
    if (serving !== undefined) steps.push(keep(serving))
    for (const setup of service.setups ?? []) steps.push(keep(setupStep(input, service, setup, first.name)))
  }
  return steps
}

function productOf(input: ServiceStepsInput, name: ProductName): Product {
  const product = input.products.get(name)
  if (product === undefined) throw new BugError(`the product ${name} is not pinned`)
  return product
}
