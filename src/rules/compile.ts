import { createHash } from 'node:crypto'
import { secondsPerDay } from '../core/calendar.js'
import type { AggregatePlan, CompiledRule, Measure, WindowLayout } from './compiled-rule.js'
import { type DriveField, driveFieldNames, driveFields, type RuleDefinition } from './definition.js'
import { walkExpression } from './expression.js'
import { type CodeName, expressionCode } from './expression-code.js'

function windowLayout(definition: RuleDefinition): WindowLayout {
  const { size } = definition.window
  const lateness = definition.allowedLateness
  // Open windows start in (newest - lateness - size, newest], and each midnight in there has a window 240000 too.
  const open = Math.floor(lateness / size) + 2 + Math.floor((lateness + size) / secondsPerDay) + 1
  return {
    size,
    allowedLateness: lateness,
    windowsPerDay: secondsPerDay / size + 1,
    ring: 2 ** Math.ceil(Math.log2(open)),
    maskWords: Math.ceil(size / 32),
  }
}

function planMeasures(definition: RuleDefinition): { measures: Measure[]; aggregates: AggregatePlan[] } {
  const measures: Measure[] = []
  const aggregates = definition.aggregates.map((aggregate): AggregatePlan => {
    if (aggregate.function === 'count') return { function: 'count', measure: -1 }
    const kind = aggregate.function === 'avg' ? 'sum' : aggregate.function
    let measure = measures.findIndex((known) => known.kind === kind && known.field === aggregate.field)
    if (measure === -1) measure = measures.push({ kind, field: aggregate.field }) - 1
    return { function: aggregate.function, measure }
  })
  return { measures, aggregates }
}

/** What the rule finds, without the places and the names that do not matter to it. */
function ruleDigest(definition: RuleDefinition): string {
  const { name, source, window, group, where, aggregates, condition, allowedLateness, output } = definition
  const meaning = {
    name,
    source,
    window,
    group,
    where,
    aggregates,
    condition,
    allowedLateness,
    columns: output.columns,
  }
  const text = JSON.stringify(meaning, (key, value: unknown) => (key === 'at' ? undefined : value))
  return createHash('sha256').update(text).digest('hex')
}

function rowNames(definition: RuleDefinition): { names: Map<string, CodeName>; used: Set<DriveField> } {
  const used = new Set<string>(definition.aggregates.filter((a) => a.function !== 'count').map(({ field }) => field))
  if (definition.where !== undefined) {
    walkExpression(definition.where, (part) => {
      if (part.kind === 'name') used.add(part.name)
    })
  }
  const fields = driveFieldNames.filter((name) => used.has(name))
  const names = fields.map((name): [string, CodeName] => [name, { variable: `${name}[i]`, type: driveFields[name] }])
  return { names: new Map(names), used: new Set(fields) }
}

function updateCode(measures: readonly Measure[]): string {
  return measures
    .map(({ kind, field }, index) => {
      const value = `${field}[i]`
      if (kind === 'sum') return `m${index}[place] += ${value}`
      return `if (${value} ${kind === 'min' ? '<' : '>'} m${index}[place]) m${index}[place] = ${value}`
    })
    .join('\n    ')
}

/**
 * The loop over a batch, written out for one rule: its sizes are constants, its filter and its aggregates stand in
 * place. Only names of this file, numbers and the checked expression go into the code.
 */
function applySource(definition: RuleDefinition, layout: WindowLayout, measures: readonly Measure[]): string {
  const { size, allowedLateness, windowsPerDay, ring, maskWords } = layout
  const { names, used } = rowNames(definition)
  const columns = [...used].map((field) => `, ${field}`).join('')
  const loadMeasures = measures.map((_, index) => `, m${index} = state.measures[${index}]`).join('')
  const word = maskWords === 1 ? 'place' : `place * ${maskWords} + (offset >>> 5)`
  return `'use strict'
  const { car, day, second${columns} } = batch
  const { slotOf } = state
  // First, since a new car may replace the other arrays by longer ones.
  for (let i = from; i < to; i++) if (slotOf[car[i]] < 0) host.add(car[i])
  const { newest, nextClose, index, windowDay, mask, count, last } = state${loadMeasures}
  let dayNow = -2147483648, dayStart = 0, dayWindow = 0, duplicates = 0
  for (let i = from; i < to; i++) {
    const slot = slotOf[car[i]]
    if (day[i] !== dayNow) {
      dayNow = day[i]
      dayStart = dayNow * ${secondsPerDay}
      dayWindow = Math.imul(dayNow, ${windowsPerDay})
    }
    const clock = second[i]
    const time = dayStart + clock
    const number = (clock / ${size}) | 0
    const ends = dayStart + (number + 1) * ${size}
    if (time > newest[slot]) {
      newest[slot] = time
      if (time - ${allowedLateness} >= nextClose[slot]) host.close(slot, time - ${allowedLateness})
    } else if (ends <= newest[slot] - ${allowedLateness}) {
      host.late(i, newest[slot] - time)
      continue
    }
    const place = slot * ${ring} + ((dayWindow + number) & ${ring - 1})
    if (index[place] < 0) {
      index[place] = number
      windowDay[place] = dayNow
      if (ends < nextClose[slot]) nextClose[slot] = ends
    }
    const offset = clock - number * ${size}
    const word = ${word}
    const bit = 1 << (offset & 31)
    if ((mask[word] & bit) !== 0) {
      duplicates++
      continue
    }
    mask[word] |= bit
    ${definition.where === undefined ? '' : `if (!${expressionCode(definition.where, names)}) continue`}
    ${definition.where === undefined ? '' : 'count[place]++; if (clock > last[place]) last[place] = clock'}
    ${updateCode(measures)}
  }
  state.duplicates += duplicates`
}

function holdsSource(definition: RuleDefinition): string {
  const names = new Map<string, CodeName>(
    definition.aggregates.map(({ name }, index) => [name, { variable: `values[${index}]`, type: { type: 'number' } }]),
  )
  names.set('count', { variable: 'count', type: { type: 'number' } })
  return `'use strict'\n  return ${expressionCode(definition.condition, names)}`
}

/** Compiles a parsed rule to machine-friendly code; the definition is checked, so this cannot fail. */
export function compileRule(definition: RuleDefinition): CompiledRule {
  const layout = windowLayout(definition)
  const { measures, aggregates } = planMeasures(definition)
  return {
    definition,
    digest: ruleDigest(definition),
    layout,
    measures,
    aggregates,
    fields: rowNames(definition).used,
    apply: new Function(
      'state',
      'batch',
      'from',
      'to',
      'host',
      applySource(definition, layout, measures),
    ) as CompiledRule['apply'],
    holds: new Function('values', 'count', holdsSource(definition)) as CompiledRule['holds'],
  }
}
