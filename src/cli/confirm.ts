import { createInterface } from 'node:readline/promises'
import { UsageError } from '../core/errors.js'
import type { Plan } from '../core/plan/planner.js'
import { planText } from '../render/plan.js'

export interface ConfirmOptions {
  /** `--yes` */
  readonly yes: boolean
  /** `--no-input`, or `--json`, which has no place for a question */
  readonly noInput: boolean
  readonly signal: AbortSignal
}

function needsAnswer(options: ConfirmOptions): boolean {
  if (options.yes) return false
  if (!options.noInput && process.stdin.isTTY && process.stderr.isTTY) return true
  throw new UsageError('CONFIRMATION_NEEDED', 'this changes hosts, and nobody can be asked here', {
    hints: ['look at it with --plan, then say --yes'],
  })
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question, { signal })).trim()
  } finally {
    terminal.close()
  }
}

/** Asks yes or no on the terminal. Throws UsageError where there is none and `--yes` was not said. */
export async function confirmYes(question: string, options: ConfirmOptions): Promise<boolean> {
  if (!needsAnswer(options)) return true
  return /^y(es)?$/i.test(await ask(`${question} [y/N] `, options.signal))
}

/** Asks for `name`; `given` (`--confirm NAME`) answers beforehand. Throws UsageError when it is another name, or nobody can be asked. */
export async function confirmName(
  name: string,
  given: string | undefined,
  options: Omit<ConfirmOptions, 'yes'>,
): Promise<boolean> {
  if (given !== undefined) {
    if (given === name) return true
    throw new UsageError('CONFIRMATION_WRONG', `--confirm ${given} is not the name of this site, ${name}`)
  }
  if (options.noInput || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError('CONFIRMATION_NEEDED', `this has to be confirmed with --confirm ${name}`)
  }
  return (await ask(`type the name of the site (${name}) to go on: `, options.signal)) === name
}

interface AgreementFlags {
  readonly yes?: boolean
  readonly 'no-input': boolean
  readonly json: boolean
  readonly quiet: boolean
}

/** Shows a plan on stderr, then asks; with `--json`, which has no place for either, `--yes` has to be said beforehand. */
export function agreement(flags: AgreementFlags, signal: AbortSignal): (plan: Plan) => Promise<boolean> {
  return async (plan) => {
    tell(plan, flags)
    return confirmYes('do this?', { yes: flags.yes === true, noInput: flags['no-input'] || flags.json, signal })
  }
}

/** As `agreement`, for severe actions: the name of the site is asked for, unless `given` is it. */
export function agreementByName(
  site: string,
  given: string | undefined,
  flags: AgreementFlags,
  signal: AbortSignal,
): (plan: Plan) => Promise<boolean> {
  return async (plan) => {
    tell(plan, flags)
    return confirmName(site, given, { noInput: flags['no-input'] || flags.json, signal })
  }
}

function tell(plan: Plan, flags: AgreementFlags): void {
  if (!flags.json && !flags.quiet) process.stderr.write(planText(plan))
}
