import { type ServiceRole, serviceTitle } from '../../core/cluster/catalog.js'
import type { Cluster, ClusterHost } from '../../core/cluster/cluster.js'
import { type HostView, hostView, type RoleDefinition, type ServiceDefinition } from '../../core/cluster/service.js'
import { BugError, FailedError, UnreachableError } from '../../core/errors.js'
import { shellPrelude } from '../../core/plan/batch.js'
import { lastLines } from '../../core/plan/failure.js'
import { runScript } from '../../core/plan/shell/shell-step.js'
import { changeOrOk, type Finding, ok, type ShellCheck, type Step, type World } from '../../core/plan/step.js'
import { shellQuote } from '../../core/transport.js'
import { findJava, javaCommand, launchScript } from './launch-script.js'
import { assertPortsFree, listenersSnippet, startPorts } from './ports.js'
import { asAccount, parseState, startCommand, stateSnippet, stopCommand } from './role-control.js'
import { type ServiceStepsInput, sha256, stepIds, tags } from './steps-input.js'

export function initStep(
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
      shell: `[ -e ${shellQuote(init.done)} ] && echo done || :
${init.replaces === undefined ? '' : `[ -e ${shellQuote(init.replaces.path)} ] && echo replaces || :`}`,
      interpret: ({ stdout }) => {
        const lines = stdout.split('\n')
        if (lines.includes('done')) return ok
        const text = lines.includes('replaces') ? `; ${init.replaces?.text ?? ''}` : ''
        return changeOrOk([{ kind: 'create', summary: `${init.summary}${text}`, after: init.done }])
      },
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

const telling = /\b(ERROR|FATAL|refused|denied|No space|in use|not found|Unrecognized)\b|Exception\b|[Ee]rror:/
/** A throwable by its class, which names the cause; log lines around it only say that something went wrong. */
const throwable = /(^|Caused by: )([\w$]+\.)+[\w$]*(Exception|Error): /

/** The lines of a log that say why it ended: the newest that sound like a failure, else the last ones. */
export function tellingLines(log: string, most = 12): readonly string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  const errors = lines.filter((line) => telling.test(line))
  return errors.length > 0 ? errors.slice(-most) : lines.slice(-most)
}

/** The one of those lines that names the cause: the newest throwable, else the last line. */
export function headline(lines: readonly string[]): string {
  return (lines.findLast((line) => throwable.test(line)) ?? lines.at(-1))?.trim() ?? 'it printed nothing'
}

export function startStep(
  input: ServiceStepsInput,
  service: ServiceDefinition,
  host: ClusterHost,
  role: ServiceRole,
  definition: RoleDefinition,
): Step {
  const { cluster } = input
  const view = hostView(cluster, host)
  const title = `${role} on ${host.name}`
  const script = launchScript(
    title,
    view.data(role),
    definition.launch(view),
    cluster.settings.java_home,
    definition.stopSignal,
  )
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
    throw new FailedError('SERVICE_DIED', `${role} on ${host.name} ended while it was started: ${headline(lines)}`, {
      hints: [`smartcar cluster logs ${role} shows all of it`],
      place: { thing: `${host.folders.logs}/${role}.log` },
      data: { host: host.name, role, lastLines: lastLines(lines.join('\n')) },
    })
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
{
${stopCommand(cluster, host, role, definition.stopTimeout)}
} >/dev/null
taken=$(${listenersSnippet(host, ports, cluster.bindAddress(host))})
if [ -n "$taken" ]; then echo "$taken"; else
${startCommand(cluster, host, role, digest)}
fi`,
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
          const { state, unitUp } = parseState(stdout)
          const up = state === 'running' || state === 'waiting' || unitUp === true
          return changeOrOk(up ? [{ kind: 'run', summary: `stop ${role}` }] : [])
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
  const output = await runScript(world, host.name, stopCommand(cluster, host, role, timeout), {
    command: `stop ${role}`,
    timeoutMs: (timeout + 60) * 1000,
  })
  return output.trim()
}
