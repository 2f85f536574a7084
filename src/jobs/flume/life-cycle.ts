import type { SmartcarError } from '../../core/errors.js'
import type { Plan } from '../../core/plan/planner.js'
import { prepare } from '../../core/plan/planner.js'
import { stepIds } from '../../distributions/apache/steps-input.js'
import { alone } from '../cluster/life-cycle.js'
import { clusterSteps } from '../cluster/site-steps.js'
import { carryOut, lockSite, type RunReport } from '../provision/carry-out.js'
import { type HostsContext, hostsWorld, siteDigest } from '../provision/context.js'
import { chosenHosts } from '../provision/prepare.js'
import { checkFlume, flumeCheckError } from './check.js'
import { flumeConfig } from './config.js'

export interface DeployInput {
  readonly hosts: readonly string[]
  /** Shows the plan and asks. */
  readonly confirm: (plan: Plan) => Promise<boolean>
}

export type DeployResult =
  | (RunReport & { readonly plan: Plan })
  /** The agent file has errors: nothing was planned. */
  | { readonly outcome: 'refused'; readonly error: SmartcarError }
  | { readonly outcome: 'declined' }

/**
 * Brings software and configuration of Flume to its hosts, and starts it anew where something changed. An agent file
 * with errors is refused: Flume would leave out the part and run on without a word.
 */
export async function deployFlume(input: DeployInput, context: HostsContext): Promise<DeployResult> {
  const checked = await checkFlume({ stdin: () => neverRead() }, context)
  const error = flumeCheckError(checked)
  if (error !== undefined) return { outcome: 'refused', error }
  const chosen = chosenHosts({ hosts: input.hosts, only: [] }, context).map(({ name }) => name)
  const hosts = [...new Set(flumeConfig(context.site, chosen).files.map(({ host }) => host))]
  await using _ = await lockSite('smartcar flume deploy', context)
  const { steps } = await clusterSteps(context)
  const ids = new Set(
    hosts.flatMap((host) => [
      stepIds.root(host),
      stepIds.software('flume', host),
      // The sink reads HDFS's configuration.
      stepIds.config('hdfs', host),
      stepIds.config('flume', host),
      stepIds.start('flume', host),
    ]),
  )
  const world = hostsWorld(context)
  const prepared = await prepare(
    {
      command: 'flume deploy',
      site: context.site.name,
      digest: siteDigest(context.site),
      hosts,
      lost: [],
      steps: alone(steps, ids),
    },
    world,
  )
  const { plan } = prepared
  if (plan.counts.change > 0 && !(await input.confirm(plan))) return { outcome: 'declined' }
  return { ...(await carryOut(prepared, { command: 'flume deploy', only: [] }, context, world)), plan }
}

async function* neverRead(): AsyncIterable<Uint8Array> {}
