import { describe, expect, it } from 'vitest'
import { formatPlace } from '../../../src/core/errors.js'
import { compileRule } from '../../../src/rules/compile.js'
import { durationText, parseDuration, ruleJsonSchema } from '../../../src/rules/definition.js'
import { parseRule } from '../../../src/rules/parse.js'
import { ruleText, speedingFile, speedingText } from './support.js'

/** `line:column message` of every problem of the speeding rule with one line changed. */
function problems(from: string, to: string): string[] {
  expect(speedingText).toContain(from)
  const parsed = parseRule(speedingText.replace(from, to), 'r.yaml')
  if (parsed.ok) throw new Error('it has no problem')
  return parsed.problems.map(({ place, message }) => `${formatPlace(place)} ${message}`)
}

const lineOf = (text: string): number => speedingText.slice(0, speedingText.indexOf(text)).split('\n').length

describe('a rule file', () => {
  it('the built-in speeding rule says what the pilot says', () => {
    const parsed = parseRule(speedingText, speedingFile)
    expect(parsed.ok && parsed.value.rule).toMatchObject({
      name: 'speeding',
      source: 'drive',
      window: { kind: 'tumbling', size: 30, alignment: 'clock' },
      group: 'car_number',
      aggregates: [{ name: 'avg_speed', function: 'avg', field: 'speed' }],
      condition: {
        kind: 'compare',
        operator: '>',
        left: { kind: 'name', name: 'avg_speed' },
        right: { kind: 'number', value: 80 },
      },
      allowedLateness: 60,
      output: {
        table: 'speeding_alerts',
        expiry: 604_800,
        columns: [{ column: 'avg_speed', aggregate: 'avg_speed' }],
      },
      text: { condition: 'avg_speed > 80' },
    })
  })

  it('columns left out are the aggregates', () => {
    const parsed = parseRule(
      ruleText({ aggregates: '{ a: { avg: speed }, b: { max: speed } }', condition: 'a > b' }),
      'r',
    )
    expect(parsed.ok && parsed.value.rule.output.columns).toEqual([
      { column: 'a', aggregate: 'a' },
      { column: 'b', aggregate: 'b' },
    ])
  })

  it.each([
    [
      'name: speeding',
      'name: Speeding Cars',
      'name: must be lower-case letters, digits and hyphens, starting with a letter',
    ],
    ['source: drive', 'source: drve', 'source: must be drive (did you mean "drive"?)'],
    ['  kind: tumbling', '  kind: tumblng', 'window.kind: must be tumbling (did you mean "tumbling"?)'],
    ['  size: 30s', '  size: 30', 'window.size: must be a duration such as 30s, 5m, 1h or 7d'],
    ['  size: 30s', '  size: 7s', 'window.size: 7s does not divide a day'],
    ['  size: 30s', '  size: 0s', 'window.size: 0s does not divide a day'],
    ['  size: 30s', '  size: 2d', 'window.size: 2d does not divide a day'],
    ['group: car_number', 'group: car', 'group: must be car_number'],
    ['{ avg: speed }', '{ average: speed }', 'aggregates.avg_speed: must be one of avg, min, max, sum, count'],
    ['{ avg: speed }', 'avg(speed)', 'aggregates.avg_speed: must be one of avg, min, max, sum, count'],
    ['  avg_speed: { avg', '  speed: { avg', 'the key "aggregates.speed" is a name that smartcar uses itself'],
    ['  expiry: 7d', '  expiry: 0s', 'output.expiry: must be longer than 0s'],
    [
      '{ avg: speed }',
      '{ avg: sped }',
      'aggregates.avg_speed.avg: must be speed_pedal, break_pedal, speed (did you mean "speed"?)',
    ],
    [
      '{ avg: speed }',
      '{ avg: speed, max: speed }',
      'aggregates.avg_speed: must be one of avg, min, max, sum, count with its field',
    ],
    ['allowed_lateness: 60s', 'allowed_lateness: 2d', 'allowed_lateness: at most 1d'],
    [
      'allowed_lateness: 60s',
      'allowed_lateness: 10h',
      'allowed_lateness: keeps more than 1000 windows of 30s open for each car',
    ],
    ['  table: speeding_alerts', '  table: ../x', 'output.table: must be lower-case letters'],
    [
      '    avg_speed: avg_speed',
      '    avg_speed: avg_sped',
      'output.columns.avg_speed: there is no aggregate "avg_sped" (did you mean "avg_speed"?)',
    ],
    [
      '    avg_speed: avg_speed',
      '    member: avg_speed',
      'the key "output.columns.member" is a name that smartcar uses itself',
    ],
    [
      'allowed_lateness: 60s',
      'allowed_latness: 60s',
      'unknown key "allowed_latness" (did you mean "allowed_lateness"?)',
    ],
    ['  expiry: 7d', '  expire: 7d', 'unknown key "output.expire" (did you mean "expiry"?)'],
    ['source: drive', 'source: drive\nsource: drive', 'the key "source" is there twice'],
    ['  kind: tumbling', '\tkind: tumbling', 'Tabs are not allowed as indentation'],
  ])('%j as %j', (from, to, message) => {
    const found = problems(from, to)
    const line = lineOf(from)
    expect(found.join('\n')).toContain(message)
    const lines = found.filter((text) => text.includes(message)).map((text) => Number(text.split(':')[1]))
    expect(Math.abs((lines[0] ?? 0) - line)).toBeLessThanOrEqual(to.includes('\nsource') ? 1 : 0)
  })

  it.each([
    ['condition: avg_speed > 80', 12],
    ['condition: "avg_speed > 80"', 13],
    ["condition: 'avg_speed > 80'", 13],
    ['condition:   avg_speed > 80 # comment', 14],
  ])('a problem inside an expression stands at its column: %s', (line, column) => {
    const at = lineOf('condition:')
    expect(problems('condition: avg_speed > 80', line.replace('avg_speed', 'avg_sped'))).toEqual([
      `r.yaml:${at}:${column} condition: unknown name "avg_sped" (did you mean "avg_speed"?)`,
    ])
    expect(problems('condition: avg_speed > 80', line.replace('> 80', '> speed'))).toEqual([
      `r.yaml:${at}:${column + 12} condition: unknown name "speed"`,
    ])
  })

  it('every problem at once, in order of line', () => {
    const text = ruleText({ size: '7s', condition: 'avg_sped > 80', where: 'sped > 3' })
    const parsed = parseRule(text, 'r.yaml')
    const found = parsed.ok ? [] : parsed.problems.map(({ place, message }) => `${place.line} ${message}`)
    expect(found).toEqual([
      '3 window.size: 7s does not divide a day',
      '5 where: unknown name "sped" (did you mean "speed"?)',
      '7 condition: unknown name "avg_sped" (did you mean "avg_speed"?)',
    ])
  })

  it('an empty file misses everything', () => {
    const parsed = parseRule('', 'r.yaml')
    const keys = ['name', 'source', 'window', 'group', 'aggregates', 'condition', 'allowed_lateness', 'output']
    expect(parsed.ok ? [] : parsed.problems.map(({ message }) => message)).toEqual(
      keys.map((key) => `${key}: is missing`),
    )
  })

  it('names of fields and of fixed columns are not free', () => {
    for (const name of ['count', 'speed', 'rows', 'day', 'and']) {
      const parsed = parseRule(ruleText({ aggregates: `{ ${name}: { avg: speed } }`, condition: '1 > 0' }), 'r.yaml')
      expect(parsed.ok).toBe(false)
    }
  })
})

describe('the digest', () => {
  const digest = (text: string) => {
    const parsed = parseRule(text, 'r.yaml')
    if (!parsed.ok) throw new Error('invalid')
    return compileRule(parsed.value.rule).digest
  }
  it('stays when the rule means the same', () => {
    const same = speedingText
      .replace('description: average', 'description: mean')
      .replace('avg_speed > 80', '( avg_speed>80 )')
    expect(digest(same)).toBe(digest(speedingText))
  })
  it.each([
    ['> 80', '> 81'],
    ['> 80', '>= 80'],
    ['allowed_lateness: 60s', 'allowed_lateness: 61s'],
    ['size: 30s', 'size: 15s'],
    ['    avg_speed: avg_speed', '    average: avg_speed'],
  ])('changes with the meaning: %s as %s', (from, to) => {
    expect(digest(speedingText.replace(from, to))).not.toBe(digest(speedingText))
  })
})

describe('durations', () => {
  it.each([
    ['30s', 30],
    ['5m', 300],
    ['1h', 3600],
    ['7d', 604_800],
    ['0s', 0],
  ])('%s is %i seconds, and back', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds)
    expect(durationText(seconds)).toBe(text)
  })
  it.each(['', '30', 's', '-1s', '1.5h', '30ms', '1w', '9999999999s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

it('the JSON schema of a rule file knows every key', () => {
  expect(Object.keys(ruleJsonSchema().properties as object).sort()).toEqual([
    'aggregates',
    'allowed_lateness',
    'cases',
    'condition',
    'description',
    'group',
    'name',
    'output',
    'source',
    'where',
    'window',
  ])
})
