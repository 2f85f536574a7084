import { commandFailed } from '../../../core/plan/failure.js'
import { blockStep } from '../../../core/plan/shell/file-step.js'
import { packagesStep } from '../../../core/plan/shell/packages.js'
import { restartHandler, servicesOff, servicesOn } from '../../../core/plan/shell/services.js'
import { runScript } from '../../../core/plan/shell/shell-step.js'
import type { Step, World } from '../../../core/plan/step.js'
import { type HostStepsInput, head, hostStepId } from '../input.js'
import { packageSource, repositorySteps } from './packages.js'

/** ntpd on CentOS (Cloudera's host check asks it), chrony on Debian. */
const daemons = {
  el6: { package: 'ntp', service: 'ntpd', config: '/etc/ntp.conf', others: [] },
  el7: { package: 'ntp', service: 'ntpd', config: '/etc/ntp.conf', others: ['chronyd'] },
  debian: { package: 'chrony', service: 'chrony', config: '/etc/chrony/chrony.conf', others: [] },
} as const

function configuration(input: HostStepsInput): readonly string[] {
  const { servers } = input.provision.time
  const [first] = input.hosts
  const isFirst = first === undefined || first.name === input.host.name
  const wanted = isFirst ? servers : [...servers, first.fqdn]
  const lines = wanted.map((server) => `server ${server} iburst`)
  // Without any server the first host's own clock is what all agree on; stratum 10 yields to every real server.
  if (!isFirst) return lines
  if (input.family === 'debian') return [...lines, 'local stratum 10', 'allow']
  return [...lines, 'server 127.127.1.0', 'fudge 127.127.1.0 stratum 10']
}

export function timeSteps(input: HostStepsInput): readonly Step[] {
  const daemon = daemons[input.family]
  const group = 'clock'
  const off =
    daemon.others.length === 0
      ? []
      : [
          servicesOff({
            ...head(input, 'time-others', {
              title: 'no second time daemon',
              reason: "Cloudera's clock check is confused by chronyd beside ntpd",
              group,
            }),
            family: input.family,
            names: daemon.others,
          }),
        ]
  return [
    ...off,
    packagesStep({
      ...head(
        input,
        'time-package',
        { title: 'time daemon', reason: 'HBase and Kudu refuse hosts whose clocks differ', group },
        repositorySteps(input),
      ),
      family: input.family,
      names: [daemon.package],
      repository: packageSource(input),
    }),
    blockStep({
      ...head(input, 'time-config', { title: 'time servers', reason: 'all hosts follow the same clock', group }, [
        'time-package',
      ]),
      path: daemon.config,
      block: 'time',
      body: configuration(input),
    }),
    restartHandler({
      ...head(
        input,
        'time-restart',
        { title: 'restart the time daemon', reason: 'it reads its settings only at start', group },
        ['time-config'],
      ),
      family: input.family,
      name: daemon.service,
      changed: [hostStepId('time-config', input.host.name)],
    }),
    servicesOn({
      ...head(
        input,
        'time-service',
        { title: 'time daemon runs', reason: 'clocks drift apart by seconds a day', group },
        ['time-restart', ...(off.length === 0 ? [] : ['time-others'])],
      ),
      family: input.family,
      names: [daemon.service],
    }),
    ...clockStep(input),
  ]
}

/** Milliseconds that a host's clock is ahead of this machine's, half a round trip more or less. */
export async function clockOffset(
  world: World,
  host: string,
): Promise<{ readonly ms: number; readonly error: number }> {
  const before = world.clock.now()
  const output = await world.shell(host, 'date +%s.%N')
  const after = world.clock.now()
  if (output.code !== 0) throw commandFailed(output, 'date', host)
  return { ms: Number(output.stdout.trim()) * 1000 - (before + after) / 2, error: (after - before) / 2 }
}

/** Every host but the first is compared with the first. */
function clockStep(input: HostStepsInput): readonly Step[] {
  const [first] = input.hosts
  const host = input.host.name
  if (first === undefined || first.name === host) return []
  const limit = input.provision.time.max_offset_ms
  const about = head(
    input,
    'clock',
    {
      title: `clock against ${first.name}`,
      reason: 'logs, leases and tokens compare times of different hosts',
      group: 'clock',
    },
    ['time-service'],
  )
  return [
    {
      ...about,
      needs: about.needs ?? [],
      async check(world) {
        const [reference, own] = await Promise.all([clockOffset(world, first.name), clockOffset(world, host)])
        const offset = own.ms - reference.ms
        // What the round trips leave open counts in the host's favour.
        if (Math.abs(offset) - own.error - reference.error <= limit) return { state: 'ok' }
        return {
          state: 'change',
          changes: [
            {
              kind: 'run',
              summary: `step the clock to that of ${first.name}`,
              before: `${(Math.abs(offset) / 1000).toFixed(1)} s ${offset > 0 ? 'ahead' : 'behind'}`,
              after: `within ${limit} ms`,
            },
          ],
        }
      },
      async apply(world) {
        const reference = await clockOffset(world, first.name)
        const now = (world.clock.now() + reference.ms) / 1000
        await runScript(
          world,
          host,
          `date -s @${now.toFixed(3)} >/dev/null
if command -v hwclock >/dev/null; then hwclock -w 2>/dev/null || :; fi`,
          { command: 'date -s' },
        )
      },
    },
  ]
}
