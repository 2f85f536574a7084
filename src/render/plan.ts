import type { Failure } from '../core/plan/failure.js'
import type { Plan, PlannedStep } from '../core/plan/planner.js'
import type { StepResult } from '../core/plan/runner.js'
import type { Change } from '../core/plan/step.js'
import { duration, plural } from './format.js'

const marks = { create: '+', update: '~', replace: '±', delete: '-', run: '>' } as const

function oneLine(text: string): string {
  const lines = text.trimEnd().split('\n')
  const first = lines[0] ?? ''
  return first.length > 60 ? `${first.slice(0, 59)}…` : first
}

/** Before and after: short values in the same line, texts as lines with - and +, those that are in both left out. */
function difference({ before, after }: Change): { readonly inline: string; readonly lines: readonly string[] } {
  if (before === undefined && after === undefined) return { inline: '', lines: [] }
  const old = before === undefined || before === '' ? [] : before.trimEnd().split('\n')
  const now = after === undefined || after === '' ? [] : after.trimEnd().split('\n')
  if (old.length <= 1 && now.length <= 1 && (before ?? '').length + (after ?? '').length <= 100) {
    if (before === undefined) return { inline: `: ${oneLine(after ?? '')}`, lines: [] }
    return { inline: after === undefined ? '' : `: ${oneLine(before) || '(nothing)'} -> ${oneLine(after)}`, lines: [] }
  }
  return {
    inline: '',
    lines: [
      ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
      ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
    ],
  }
}

function stepLines(step: PlannedStep): readonly string[] {
  if (step.finding.state === 'blocked') {
    return [`    ! ${step.title}: ${step.finding.reason}`, ...step.finding.hints.map((hint) => `        try: ${hint}`)]
  }
  if (step.finding.state === 'ok') return []
  return [
    `    ${step.title} (${step.reason})`,
    ...step.finding.changes.flatMap((change) => {
      const { inline, lines } = difference(change)
      return [`      ${marks[change.kind]} ${change.summary}${inline}`, ...lines.map((line) => `          ${line}`)]
    }),
  ]
}

function hostLines(host: string | undefined, steps: readonly PlannedStep[]): readonly string[] {
  const changing = steps.filter(({ finding }) => finding.state !== 'ok')
  const inPlace = steps.length - changing.length
  const blocked = steps.filter(({ finding }) => finding.state === 'blocked').length
  const counts = [
    plural(changing.length - blocked, 'step to change', 'steps to change'),
    `${inPlace} in place`,
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
  ]
  const lines = [`${host ?? 'site'}: ${counts.join(', ')}`]
  const groups = [...new Set(changing.map(({ group }) => group))]
  for (const group of groups) {
    lines.push(`  ${group}`, ...changing.filter((step) => step.group === group).flatMap(stepLines))
  }
  return lines
}

function lostHostLines(lost: Plan['lost']): readonly string[] {
  return lost.flatMap(({ host, failure }) => [
    `${host}: not planned: ${failure.message}`,
    ...failure.hints.map((hint) => `  try: ${hint}`),
  ])
}

/** A plan for people: by host and group, what would change, before and after, with counts. */
export function planText(plan: Plan): string {
  const hosts = [...new Set(plan.steps.map(({ host }) => host))]
  const lines = hosts.flatMap((host) => [
    ...hostLines(
      host,
      plan.steps.filter((step) => step.host === host),
    ),
    '',
  ])
  const notes = plan.steps.flatMap(({ finding, host }) =>
    finding.state === 'ok' && finding.note !== undefined ? [`${host ?? 'site'}: ${finding.note}`] : [],
  )
  const { change, ok, blocked } = plan.counts
  const total =
    change + blocked === 0
      ? `nothing to change: ${plural(ok, 'step')} in place`
      : `${plural(change, 'step')} to change, ${ok} in place${blocked > 0 ? `, ${blocked} blocked` : ''}`
  return `${[...lines, ...lostHostLines(plan.lost), ...notes, `site ${plan.site}: ${total}`].join('\n')}\n`
}

function failureLines(failure: Failure): readonly string[] {
  return [
    failure.message,
    ...(failure.cause === undefined ? [] : [`cause: ${failure.cause}`]),
    ...(failure.lastLines ?? []).map((line) => `| ${line}`),
    ...failure.hints.map((hint) => `try: ${hint}`),
  ]
}

/** A plan that was made and not carried out, with the file that it was saved in. */
export function madePlanText({ plan, file }: { readonly plan: Plan; readonly file?: string }): string {
  return `${planText(plan)}${file === undefined ? '' : `saved as ${file}\n`}`
}

interface RunResults {
  readonly steps: readonly StepResult[]
  /** Of a run alone, not of its record. */
  readonly lost?: Plan['lost']
}

/** What a run did, for people: by host, failures with all that is known about them. */
export function resultsText({ steps, lost = [] }: RunResults): string {
  const lines: string[] = []
  for (const host of new Set(steps.map((step) => step.host))) {
    const own = steps.filter((step) => step.host === host)
    const count = (...states: StepResult['state'][]) => own.filter(({ state }) => states.includes(state)).length
    const counts = [
      `${count('changed')} changed`,
      `${count('ok')} in place`,
      ...(count('failed', 'blocked') > 0 ? [`${count('failed', 'blocked')} failed`] : []),
      ...(count('unreachable') > 0 ? [`${count('unreachable')} not reached`] : []),
      ...(count('skipped') > 0 ? [`${count('skipped')} skipped`] : []),
      ...(count('not-run') > 0 ? [`${count('not-run')} not run`] : []),
    ]
    lines.push(`${host ?? 'site'}: ${counts.join(', ')}`)
    for (const step of own) {
      if (step.state === 'changed')
        lines.push(`  ${step.title}: ${(step.changes ?? []).join(', ')} in ${duration(step.ms)}`)
      else if (step.failure !== undefined) {
        const [first = '', ...more] = failureLines(step.failure)
        lines.push(`  ${step.title}: FAILED: ${first}`, ...more.map((line) => `    ${line}`))
      } else if (step.state === 'blocked') {
        lines.push(
          `  ${step.title}: BLOCKED: ${step.reason ?? ''}`,
          ...(step.hints ?? []).map((hint) => `    try: ${hint}`),
        )
      } else if (step.state !== 'ok') lines.push(`  ${step.title}: ${step.state}: ${step.reason ?? ''}`)
      else if (step.reason !== undefined) lines.push(`  ${step.title}: ${step.reason}`)
    }
  }
  return `${[...lines, ...lostHostLines(lost)].join('\n')}\n`
}
