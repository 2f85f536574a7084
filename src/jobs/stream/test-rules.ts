/** `smartcar stream test`: the cases of rules, on the engine of `stream run`. */
import path from 'node:path'
import { CheckError, InvalidError, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { parseYaml } from '../../core/site/document.js'
import { plural } from '../../render/format.js'
import { type CaseOutcome, parseCasesFile, parseInlineCases, type RuleCase, runCase } from '../../rules/cases.js'
import { type CatalogRule, findRule, loadRules } from '../../rules/catalog.js'
import { compileRule } from '../../rules/compile.js'

export type TestContext = Pick<JobContext, 'files' | 'templates' | 'emit'>

export interface TestRulesInput {
  /** Name of a rule, or a rule file; all rules when left out. */
  readonly only?: string
  /** Rule files or folders of the site, absolute. */
  readonly ruleFiles: readonly string[]
}

export interface RuleTestResult {
  readonly rule: string
  readonly file: string
  /** The file of the cases, null when the rule has none. */
  readonly casesFile: string | null
  readonly cases: readonly CaseOutcome[]
}

export interface TestRulesResult {
  readonly passed: number
  readonly failed: number
  readonly rules: readonly RuleTestResult[]
}

interface FoundCases {
  readonly file: string | null
  readonly cases: readonly RuleCase[]
}

/** The `cases:` in the rule's file, or the file `<rule file's name>.cases.yaml` beside it. */
async function casesOf(entry: CatalogRule, context: TestContext): Promise<FoundCases> {
  const { rule, yaml, cases } = entry
  const fail = (file: string, problems: InvalidError['diagnostics']): InvalidError =>
    new InvalidError('CASES_INVALID', `the cases in ${file} have ${plural(problems.length, 'problem')}`, problems)
  if (cases !== undefined) {
    const parsed = parseInlineCases(yaml, cases)
    if (!parsed.ok) throw fail(rule.file, parsed.problems)
    return { file: rule.file, cases: parsed.value }
  }
  const { dir, name, ext } = path.parse(rule.file)
  const file = path.join(dir, `${name}.cases${ext}`)
  const text = await context.files.readText(file)
  if (text === undefined) return { file: null, cases: [] }
  const document = parseYaml(text, file)
  const parsed = document.ok ? parseCasesFile(document.value, rule.name) : document
  if (!parsed.ok) throw fail(file, parsed.problems)
  return { file, cases: parsed.value }
}

async function chosenRules(input: TestRulesInput, context: TestContext): Promise<readonly CatalogRule[]> {
  const { only } = input
  if (only === undefined) return loadRules(input.ruleFiles, context)
  if (!/[/\\]|\.ya?ml$/.test(only)) return [findRule(await loadRules(input.ruleFiles, context), only)]
  const file = path.resolve(only)
  if ((await context.files.stat(file))?.kind !== 'file') {
    throw new UsageError('RULE_FILE_ABSENT', `the rule file ${file} does not exist`, { hints: ['check the path'] })
  }
  // On its own: it may be a new version of a rule of the site.
  const rules = await loadRules([file], context)
  return rules.filter(({ rule }) => rule.file === file)
}

/**
 * Runs the cases. Throws InvalidError for a rule or cases file that is wrong, UsageError for an unknown rule or one
 * that was asked for and has no cases.
 */
export async function testRules(input: TestRulesInput, context: TestContext): Promise<TestRulesResult> {
  const chosen = await chosenRules(input, context)
  const rules: RuleTestResult[] = []
  for (const entry of chosen) {
    const { rule } = entry
    const found = await casesOf(entry, context)
    if (found.file === null && input.only !== undefined) {
      const { dir, name } = path.parse(rule.file)
      throw new UsageError('CASES_ABSENT', `rule ${rule.name} has no cases`, {
        hints: [`write them under cases: in ${rule.file}, or in ${path.join(dir, `${name}.cases.yaml`)}`],
      })
    }
    const compiled = compileRule(rule)
    const cases = await stage(
      context.emit,
      { id: `stream-test/${rule.name}`, title: `test rule ${rule.name}` },
      async () => found.cases.map((given) => runCase(compiled, given)),
      (outcomes) => ({
        outcome: outcomes.length === 0 ? 'skipped' : 'done',
        summary: outcomes.length === 0 ? 'no cases' : ruleLine(outcomes),
      }),
    )
    rules.push({ rule: rule.name, file: rule.file, casesFile: found.file, cases })
  }
  const all = rules.flatMap(({ cases }) => cases)
  const passed = all.filter((outcome) => outcome.passed).length
  return { passed, failed: all.length - passed, rules }
}

function ruleLine(outcomes: readonly CaseOutcome[]): string {
  const failed = outcomes.filter(({ passed }) => !passed).length
  return failed === 0
    ? `${plural(outcomes.length, 'case')} passed`
    : `${failed} of ${plural(outcomes.length, 'case')} failed`
}

/** What a person reads: every case, and for a failed one what was expected and what was found. */
export function testSummary(result: TestRulesResult): string {
  const lines = result.rules.flatMap(({ rule, cases }) => [
    `${rule}: ${cases.length === 0 ? 'no cases' : ruleLine(cases)}`,
    ...cases.flatMap(({ name, passed, differences }) => [
      `  ${passed ? 'ok' : 'FAILED'}  ${name}`,
      ...differences.flatMap(({ what, expected, found }) => [
        `    ${what}`,
        `      - expected ${expected}`,
        `      + found    ${found}`,
      ]),
    ]),
  ])
  return `${lines.join('\n')}\n`
}

/** The error of a run with failed cases (exit code 5), undefined when all passed. */
export function testFailure(result: TestRulesResult): CheckError | undefined {
  if (result.failed === 0) return undefined
  const total = result.failed + result.passed
  return new CheckError('RULE_CASES_FAILED', `${result.failed} of ${plural(total, 'case')} failed`, {
    data: { result },
  })
}
