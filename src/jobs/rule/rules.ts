/** `smartcar rule`: the stream rules that are in force, one of them, and what is wrong with a rule file. */
import path from 'node:path'
import { UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { plural } from '../../render/format.js'
import { table } from '../../render/table.js'
import { type CatalogRule, findRule, loadRules } from '../../rules/catalog.js'
import { durationText } from '../../rules/definition.js'

export type RuleContext = Pick<JobContext, 'files' | 'templates'>

export interface RuleEntry {
  readonly name: string
  readonly description: string | null
  readonly file: string
  /** It comes with smartcar; a rule of the site with its name replaces it. */
  readonly builtIn: boolean
  readonly source: string
  /** Seconds. */
  readonly window: number
  readonly where: string | null
  readonly condition: string
  /** Seconds. */
  readonly allowedLateness: number
  readonly table: string
}

export interface RuleDetails extends RuleEntry {
  readonly aggregates: readonly { readonly name: string; readonly function: string; readonly field: string }[]
  /** Columns of the alerts table that are the rule's own. */
  readonly columns: readonly { readonly column: string; readonly aggregate: string }[]
  /** Seconds that alerts are kept after they were last written. */
  readonly expiry: number
  /** The file as it is written. */
  readonly text: string
}

function entryOf({ rule, builtIn }: CatalogRule): RuleEntry {
  return {
    name: rule.name,
    description: rule.description ?? null,
    file: rule.file,
    builtIn,
    source: rule.source,
    window: rule.window.size,
    where: rule.text.where ?? null,
    condition: rule.text.condition,
    allowedLateness: rule.allowedLateness,
    table: rule.output.table,
  }
}

/** Every rule in force, by name. Throws InvalidError with every problem of every rule file. */
export async function listRules(ruleFiles: readonly string[], context: RuleContext): Promise<readonly RuleEntry[]> {
  const rules = await loadRules(ruleFiles, context)
  return rules.map(entryOf).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** One rule whole. Throws UsageError for a name that no rule has, InvalidError when rule files have problems. */
export async function showRule(name: string, ruleFiles: readonly string[], context: RuleContext): Promise<RuleDetails> {
  const entry = findRule(await loadRules(ruleFiles, context), name)
  const { aggregates, output } = entry.rule
  return {
    ...entryOf(entry),
    aggregates: aggregates.map(({ name: aggregate, function: called, field }) => ({
      name: aggregate,
      function: called,
      field,
    })),
    columns: output.columns,
    expiry: output.expiry,
    text: entry.source,
  }
}

export interface CheckedRules {
  readonly rules: readonly Pick<RuleEntry, 'name' | 'file' | 'builtIn'>[]
}

/**
 * Reads rule files or folders: those given, with the rules in force those of the site. Throws InvalidError with every
 * problem, its line and column; UsageError for a path where nothing is.
 */
export async function checkRules(
  given: readonly string[],
  ruleFiles: readonly string[],
  context: RuleContext,
): Promise<CheckedRules> {
  const paths = given.map((one) => path.resolve(one))
  for (const file of paths) {
    if ((await context.files.stat(file)) !== undefined) continue
    throw new UsageError('RULE_FILE_ABSENT', `there is no rule file or folder ${file}`, { hints: ['check the path'] })
  }
  const rules = await loadRules(paths.length === 0 ? ruleFiles : paths, context)
  const isAsked = ({ rule, builtIn }: CatalogRule) =>
    paths.length === 0 || (!builtIn && paths.some((one) => rule.file === one || rule.file.startsWith(one + path.sep)))
  return {
    rules: rules.filter(isAsked).map(({ rule, builtIn }) => ({ name: rule.name, file: rule.file, builtIn })),
  }
}

export function listText(rules: readonly RuleEntry[]): string {
  return table(
    [
      { title: 'rule' },
      { title: 'window', align: 'right' },
      { title: 'condition' },
      { title: 'alerts' },
      { title: 'from' },
    ],
    rules.map(({ name, window, condition, table: alerts, file, builtIn }) => [
      name,
      durationText(window),
      condition,
      alerts,
      builtIn ? 'smartcar' : file,
    ]),
  )
}

export function checkText({ rules }: CheckedRules): string {
  const lines = rules.map(({ name, file }) => `ok  ${name}  ${file}\n`)
  return `${lines.join('')}${plural(rules.length, 'rule is', 'rules are')} valid\n`
}

/** The rule in words, then its file. */
export function ruleText(rule: RuleDetails): string {
  const fact = (title: string, value: string) => `${title.padEnd(18)}${value}\n`
  const aggregates = rule.aggregates.map(({ name, function: called, field }) => `${name} = ${called}(${field})`)
  return [
    `${rule.name}${rule.description === null ? '' : `: ${rule.description}`}\n\n`,
    fact('file', rule.builtIn ? `${rule.file} (comes with smartcar)` : rule.file),
    fact('rows', `${rule.source}${rule.where === null ? '' : ` where ${rule.where}`}, by car_number`),
    fact('window', `tumbling, ${durationText(rule.window)} of the rows' own time`),
    fact('aggregates', aggregates.join(', ')),
    fact('alert when', rule.condition),
    fact('allowed lateness', durationText(rule.allowedLateness)),
    fact('alerts', `${rule.table}, kept for ${durationText(rule.expiry)}`),
    fact('columns', rule.columns.map(({ column, aggregate }) => `${column} = ${aggregate}`).join(', ')),
    `\n${rule.text.trimEnd()}\n`,
  ].join('')
}
