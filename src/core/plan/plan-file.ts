import { z } from 'zod'
import { InvalidError, UsageError } from '../errors.js'
import type { Plan, PlannedStep } from './planner.js'

const change = z.strictObject({
  kind: z.enum(['create', 'update', 'replace', 'delete', 'run']),
  summary: z.string(),
  before: z.string().exactOptional(),
  after: z.string().exactOptional(),
  sensitive: z.boolean().exactOptional(),
})

const finding = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('ok'), note: z.string().exactOptional() }),
  z.strictObject({ state: z.literal('change'), changes: z.array(change).readonly() }),
  z.strictObject({ state: z.literal('blocked'), reason: z.string(), hints: z.array(z.string()).readonly() }),
])

const failure = z.strictObject({
  code: z.string(),
  message: z.string(),
  command: z.string().exactOptional(),
  exitCode: z.number().exactOptional(),
  lastLines: z.array(z.string()).readonly().exactOptional(),
  cause: z.string().exactOptional(),
  hints: z.array(z.string()).readonly(),
})

const planFile = z.strictObject({
  version: z.literal(1),
  command: z.string(),
  site: z.string(),
  digest: z.string(),
  created: z.string(),
  hosts: z.array(z.string()).readonly(),
  lost: z.array(z.strictObject({ host: z.string(), failure, unreachable: z.boolean() })),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      reason: z.string(),
      group: z.string(),
      host: z.string().exactOptional(),
      needs: z.array(z.string()).readonly(),
      finding,
      handler: z.literal(true).exactOptional(),
      always: z.literal(true).exactOptional(),
    }),
  ),
  counts: z.strictObject({ change: z.number(), ok: z.number(), blocked: z.number() }),
})

type SavedPlan = z.infer<typeof planFile>

/** The text of a plan file. */
export function serialisePlan(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`
}

/** Reads a plan file; throws InvalidError when it is none. `file`: its name, for messages. */
export function parsePlan(text: string, file: string): SavedPlan {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new InvalidError('PLAN_INVALID', `${file} is not a plan: it is not JSON`, [], { cause: error })
  }
  const parsed = planFile.safeParse(value)
  if (parsed.success) return parsed.data
  throw new InvalidError(
    'PLAN_INVALID',
    `${file} is not a plan of this version of smartcar`,
    parsed.error.issues.map((issue) => ({ message: issue.message, place: { file, thing: issue.path.join('.') } })),
    { hints: ['make it anew with --plan --out'] },
  )
}

function findingKey(step: { readonly finding: PlannedStep['finding'] } | undefined): string {
  if (step === undefined) return 'absent'
  const { finding: found } = step
  if (found.state !== 'change') return found.state
  return JSON.stringify(found.changes.map(({ kind, summary, before, after }) => [kind, summary, before, after]))
}

/** Throws UsageError unless `now` is exactly what `saved` says; names what has changed in between. */
export function assertFresh(saved: SavedPlan, now: Plan, file: string): void {
  const hints = ['look at the new plan with --plan, and save it with --out']
  if (saved.site !== now.site || saved.command !== now.command) {
    throw new UsageError('PLAN_OTHER_SITE', `${file} is a plan of ${saved.command} for the site ${saved.site}`, {
      hints,
    })
  }
  if (saved.digest !== now.digest) {
    throw new UsageError('PLAN_STALE', `${file} is stale: the site has changed since ${saved.created}`, { hints })
  }
  // A host that is down now has not changed: it is named as lost, and the others get what was agreed.
  const down = new Set(now.lost.map(({ host }) => host))
  const before = new Map(saved.steps.filter(({ host }) => !down.has(host ?? '')).map((step) => [step.id, step]))
  const after = new Map(now.steps.map((step) => [step.id, step]))
  // What another host's absence blocks is not done either.
  const isHeldUp = (id: string) => down.size > 0 && after.get(id)?.finding.state === 'blocked'
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (id) => findingKey(before.get(id)) !== findingKey(after.get(id)) && !isHeldUp(id),
  )
  if (differing.length === 0) return
  const shown = differing.slice(0, 5).join(', ')
  const more = differing.length > 5 ? ` and ${differing.length - 5} more` : ''
  throw new UsageError(
    'PLAN_STALE',
    `${file} is stale: the hosts have changed since ${saved.created}: ${shown}${more}`,
    {
      hints,
      data: { differing },
    },
  )
}
