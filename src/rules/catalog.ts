import path from 'node:path'
import { didYouMean } from '../core/did-you-mean.js'
import { type Diagnostic, InvalidError, UsageError } from '../core/errors.js'
import type { JobContext } from '../core/ports.js'
import type { ParsedRule } from './parse.js'

export type CatalogContext = Pick<JobContext, 'files' | 'templates'>

/** A rule of the catalogue with where it comes from. */
export interface CatalogRule extends ParsedRule {
  readonly builtIn: boolean
  /** The file's text. */
  readonly source: string
}

const ruleFile = /\.ya?ml$/
const casesFile = /\.cases\.ya?ml$/

async function ruleFilesIn(given: string, context: CatalogContext): Promise<string[] | Diagnostic> {
  const info = await context.files.stat(given)
  if (info === undefined) return { message: 'this rule file or folder does not exist', place: { file: given } }
  if (info.kind === 'file') return [given]
  const entries = await context.files.list(given)
  return entries
    .filter(
      ({ kind, name }) => kind === 'file' && ruleFile.test(name) && !casesFile.test(name) && !name.startsWith('.'),
    )
    .map(({ name }) => path.join(given, name))
}

/** Names and tables must tell rules apart: an alerts table belongs to one rule. */
function clashes(rules: readonly CatalogRule[]): Diagnostic[] {
  const problems: Diagnostic[] = []
  const seen = new Map<string, string>()
  const check = (key: string, yamlPath: readonly string[], { rule, yaml }: CatalogRule, what: string) => {
    const other = seen.get(key)
    if (other === undefined) seen.set(key, rule.file)
    else problems.push({ message: `${what} is also that of ${other}`, place: yaml.place(yamlPath) })
  }
  for (const entry of rules) {
    check(`name ${entry.rule.name}`, ['name'], entry, `the rule name "${entry.rule.name}"`)
    check(`table ${entry.rule.output.table}`, ['output', 'table'], entry, `the table "${entry.rule.output.table}"`)
  }
  return problems
}

/**
 * The built-in rules and those of `paths` (files or folders, absolute); a rule of the site replaces a built-in one of
 * its name. Throws InvalidError with every problem of every file.
 */
export async function loadRules(paths: readonly string[], context: CatalogContext): Promise<readonly CatalogRule[]> {
  const { parseRule } = await import('./parse.js')
  const problems: Diagnostic[] = []
  const loaded: CatalogRule[] = []
  const read = new Set<string>()
  const load = async (given: string, builtIn: boolean): Promise<void> => {
    const found = await ruleFilesIn(given, context)
    if (!Array.isArray(found)) {
      problems.push(found)
      return
    }
    for (const file of found.filter((name) => !read.has(name))) {
      read.add(file)
      const source = (await context.files.readText(file)) ?? ''
      const parsed = parseRule(source, file)
      if (parsed.ok) loaded.push({ ...parsed.value, builtIn, source })
      else problems.push(...parsed.problems)
    }
  }
  await load(path.join(context.templates, 'rules'), true)
  for (const given of new Set(paths)) await load(given, false)
  const own = new Set(loaded.filter(({ builtIn }) => !builtIn).map(({ rule }) => rule.name))
  const rules = loaded.filter(({ rule, builtIn }) => !builtIn || !own.has(rule.name))
  problems.push(...clashes(rules))
  if (problems.length > 0) {
    const files = [...new Set(problems.map(({ place }) => place.file ?? ''))]
    throw new InvalidError(
      'RULE_INVALID',
      `${files.join(', ')} ${files.length === 1 ? 'has' : 'have'} ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
      problems,
      { hints: ['templates/rules/speeding.yaml in the package of smartcar is a rule with comments'] },
    )
  }
  return rules
}

/** The rule of that name; throws UsageError with the known names. */
export function findRule(rules: readonly CatalogRule[], name: string): CatalogRule {
  const found = rules.find(({ rule }) => rule.name === name)
  if (found !== undefined) return found
  const names = rules.map(({ rule }) => rule.name)
  throw new UsageError('RULE_UNKNOWN', `there is no stream rule "${name}"${didYouMean(name, names)}`, {
    hints: [`known rules: ${names.join(', ')}`, 'name rule files under stream.rules in smartcar.yaml'],
  })
}
