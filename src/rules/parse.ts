import { secondsPerDay } from '../core/calendar.js'
import { didYouMean } from '../core/did-you-mean.js'
import type { Diagnostic, Place } from '../core/errors.js'
import { type Parsed, parseYaml, validateYaml, type YamlFile } from '../core/site/document.js'
import {
  type Aggregate,
  type AggregateFunction,
  driveFieldNames,
  driveFields,
  durationText,
  type NumericField,
  type OutputColumn,
  type RuleDefinition,
  type RuleFile,
  ruleJsonSchema,
  ruleSchema,
} from './definition.js'
import { type Expression, parseExpression } from './expression.js'
import { checkExpression, type Scope } from './expression-types.js'

/** More open windows a car than this would need more memory than a rule is worth. */
const mostOpenWindows = 1000

const conditionBuiltIn = 'count'

/** Names that a `where` can use. */
const rowScope: Scope = new Map(driveFieldNames.map((name) => [name, driveFields[name]]))

/** A rule file that parsed: the rule, and the raw value of its `cases`, which cases.ts reads. */
export interface ParsedRule {
  readonly rule: RuleDefinition
  readonly yaml: YamlFile
  readonly cases: unknown
}

/** Place of the character at `offset` of the text value at `path`: behind its quote, where it stands on one line. */
function placeInText(
  source: string,
  yaml: YamlFile,
  path: readonly PropertyKey[],
  value: string,
  offset: number,
): Place {
  const start = yaml.place(path)
  const line = source.split('\n')[(start.line ?? 1) - 1] ?? ''
  const from = line.indexOf(value, (start.column ?? 1) - 1)
  return from === -1 ? start : { ...start, column: from + 1 + offset }
}

/** Reads a rule from its YAML; every problem with its line and column, all of them at once. */
export function parseRule(source: string, file: string): Parsed<ParsedRule> {
  const yaml = parseYaml(source, file)
  if (!yaml.ok) return yaml
  const checked = validateYaml(yaml.value, ruleSchema, ruleJsonSchema())
  if (!checked.ok) return checked
  const definition = checked.value
  const problems: Diagnostic[] = []
  const aggregates = readAggregates(definition)

  const expression = (key: 'where' | 'condition', text: string, scope: Scope): Expression | undefined => {
    const parsed = parseExpression(text)
    const found = parsed.ok ? checkExpression(parsed.value, scope) : parsed.problems
    for (const problem of found) {
      problems.push({
        message: `${key}: ${problem.message}`,
        place: placeInText(source, yaml.value, [key], text, problem.at),
        ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      })
    }
    return parsed.ok ? parsed.value : undefined
  }
  const conditionScope: Scope = new Map(
    [...aggregates.map(({ name }) => name), conditionBuiltIn].map((name) => [name, { type: 'number' }]),
  )
  const where = definition.where === undefined ? undefined : expression('where', definition.where, rowScope)
  const condition = expression('condition', definition.condition, conditionScope)
  problems.push(...windowProblems(definition, yaml.value))
  const columns = readColumns(definition, aggregates, yaml.value, problems)
  if (problems.length > 0 || condition === undefined) return { ok: false, problems: sorted(problems) }
  return {
    ok: true,
    value: {
      yaml: yaml.value,
      cases: definition.cases,
      rule: Object.freeze({
        name: definition.name,
        ...(definition.description === undefined ? {} : { description: definition.description }),
        source: definition.source,
        window: definition.window,
        group: definition.group,
        ...(where === undefined ? {} : { where }),
        aggregates,
        condition,
        allowedLateness: definition.allowed_lateness,
        output: { table: definition.output.table, expiry: definition.output.expiry, columns },
        file,
        text: {
          condition: definition.condition,
          ...(definition.where === undefined ? {} : { where: definition.where }),
        },
      }),
    },
  }
}

function sorted(problems: Diagnostic[]): Diagnostic[] {
  return problems.sort(
    (a, b) => (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0),
  )
}

function readAggregates(definition: RuleFile): Aggregate[] {
  return Object.entries(definition.aggregates).flatMap(([name, value]) =>
    Object.entries(value).map(([called, field]) => ({
      name,
      function: called as AggregateFunction,
      field: field as NumericField,
    })),
  )
}

function windowProblems(definition: RuleFile, yaml: YamlFile): Diagnostic[] {
  const { size } = definition.window
  const lateness = definition.allowed_lateness
  if (size === 0 || secondsPerDay % size !== 0) {
    return [
      {
        message: `window.size: ${durationText(size)} does not divide a day`,
        place: yaml.place(['window', 'size']),
        hint: 'take 10s, 30s, 1m, 5m, 15m, 1h or another divisor of 86,400 seconds',
      },
    ]
  }
  if (lateness > secondsPerDay) {
    return [{ message: 'allowed_lateness: at most 1d', place: yaml.place(['allowed_lateness']) }]
  }
  if (lateness / size > mostOpenWindows) {
    return [
      {
        message: `allowed_lateness: keeps more than ${mostOpenWindows} windows of ${durationText(size)} open for each car`,
        place: yaml.place(['allowed_lateness']),
        hint: 'make it shorter, or the window longer',
      },
    ]
  }
  return []
}

function readColumns(
  definition: RuleFile,
  aggregates: readonly Aggregate[],
  yaml: YamlFile,
  problems: Diagnostic[],
): OutputColumn[] {
  const names = aggregates.map(({ name }) => name)
  const mapping = definition.output.columns
  if (mapping === undefined) return names.map((name) => ({ column: name, aggregate: name }))
  return Object.entries(mapping).map(([column, aggregate]) => {
    if (!names.includes(aggregate)) {
      problems.push({
        message: `output.columns.${column}: there is no aggregate "${aggregate}"${didYouMean(aggregate, names)}`,
        place: yaml.place(['output', 'columns', column]),
        hint: `aggregates of this rule: ${names.join(', ')}`,
      })
    }
    return { column, aggregate }
  })
}
