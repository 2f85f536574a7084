import { nearest } from '../did-you-mean.js'
import { BugError, FailedError } from '../errors.js'
import type { Step } from './step.js'

/** Steps in the order of their needs, tags replaced by ids. */
export interface Graph {
  /** Every step behind all that it needs; otherwise in the order in which they were given. */
  readonly steps: readonly Step[]
  /** Ids that a step needs directly; a handler needs what triggers it. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** Ids whose change triggers a handler. */
  readonly triggers: ReadonlyMap<string, readonly string[]>
  /** Ids that need a step directly. */
  readonly dependants: ReadonlyMap<string, readonly string[]>
}

function index(steps: readonly Step[]): Map<string, readonly string[]> {
  const named = new Map<string, string[]>()
  for (const step of steps) {
    if (named.has(step.id)) throw new BugError(`two steps are called ${step.id}`)
    named.set(step.id, [step.id])
  }
  for (const step of steps) {
    for (const tag of step.tags ?? []) {
      const known = named.get(tag)
      if (known === undefined) named.set(tag, [step.id])
      else known.push(step.id)
    }
  }
  return named
}

/** A cycle below `start`, as the path that comes back to its first step. */
function findCycle(needs: ReadonlyMap<string, readonly string[]>, left: ReadonlySet<string>): readonly string[] {
  const path: string[] = []
  let current = [...left][0]
  while (current !== undefined && !path.includes(current)) {
    path.push(current)
    current = needs.get(current)?.find((need) => left.has(need))
  }
  return current === undefined ? path : [...path.slice(path.indexOf(current)), current]
}

/**
 * Sorts steps by their needs. `absent`: needs that are known not to be there (steps of hosts that did not answer).
 * Throws FailedError for a cycle, with the path of the cycle, and for a need that no step fulfils.
 */
export function buildGraph(steps: readonly Step[], absent: (need: string) => boolean = () => false): Graph {
  const named = index(steps)
  const resolve = (step: Step, wanted: readonly string[]): readonly string[] => {
    const ids = new Set<string>()
    for (const need of wanted) {
      const found = named.get(need)
      if (found === undefined) {
        if (absent(need)) {
          ids.add(need)
          continue
        }
        const close = nearest(need, [...named.keys()])
        throw new FailedError('STEP_NEED_UNKNOWN', `the step ${step.id} needs ${need}, which no step is or provides`, {
          hints: close === undefined ? [] : [`did you mean ${close}?`],
        })
      }
      for (const id of found) if (id !== step.id) ids.add(id)
    }
    return [...ids]
  }
  const needs = new Map<string, readonly string[]>()
  const triggers = new Map<string, readonly string[]>()
  const dependants = new Map<string, string[]>(steps.map((step) => [step.id, []]))
  for (const step of steps) {
    const triggeredBy = resolve(step, step.when?.changed ?? [])
    const all = [...new Set([...resolve(step, step.needs), ...triggeredBy])]
    needs.set(step.id, all)
    if (step.when !== undefined) triggers.set(step.id, triggeredBy)
    for (const need of all) dependants.get(need)?.push(step.id)
  }
  const left = new Set(steps.map((step) => step.id))
  const sorted: Step[] = []
  while (left.size > 0) {
    const before = sorted.length
    for (const step of steps) {
      if (!left.has(step.id) || needs.get(step.id)?.some((need) => left.has(need)) === true) continue
      left.delete(step.id)
      sorted.push(step)
    }
    if (sorted.length === before) {
      const cycle = findCycle(needs, left)
      throw new FailedError('STEP_CYCLE', `steps need each other in a circle: ${cycle.join(' -> ')}`, {
        data: { cycle },
      })
    }
  }
  return { steps: sorted, needs, triggers, dependants }
}

/** `wanted` and everything that it needs, directly or not. */
export function withNeeds(graph: Graph, wanted: ReadonlySet<string>): ReadonlySet<string> {
  const all = new Set<string>()
  const visit = (id: string) => {
    if (all.has(id)) return
    all.add(id)
    // A trigger is not a need: restarting something must not first configure it anew.
    const triggers = graph.triggers.get(id) ?? []
    for (const need of graph.needs.get(id) ?? []) if (!triggers.includes(need)) visit(need)
  }
  for (const id of wanted) visit(id)
  return all
}
