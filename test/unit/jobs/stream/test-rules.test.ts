import { describe, expect, it } from 'vitest'
import { testFailure, testRules, testSummary } from '../../../../src/jobs/stream/test-rules.js'
import { loadRules } from '../../../../src/rules/catalog.js'
import { testContext } from '../../../support/context.js'
import { ruleText, speedingText } from '../../rules/support.js'
import { put } from './support.js'

const own = (more = '') => ruleText({ name: 'own', table: 'own_alerts' }) + more
const cases = (list: string) => `cases:\n${list.replace(/^/gm, '  ')}\n`
const oneCase = (expected: string) =>
  cases(`- name: one fast row
  given: [{ date: 20200322000000, car_number: A0001, speed: 100 }]
  expect: ${expected}`)

describe('stream test', () => {
  it('every built-in rule has cases, and they pass', async () => {
    await using context = await testContext()
    const result = await testRules({ ruleFiles: [] }, context)
    expect(result.failed).toBe(0)
    expect(result.rules.map(({ rule }) => rule)).toContain('speeding')
    for (const rule of result.rules) expect(rule.cases.length).toBeGreaterThanOrEqual(5)
    expect(testFailure(result)).toBeUndefined()
    expect(testSummary(result)).toContain('  ok  exactly 80 is none')
  })

  it('cases of the pilot catch a rule that drifted', async () => {
    await using context = await testContext()
    for (const [from, to] of [
      ['> 80', '>= 80'],
      ['avg_speed: { avg: speed }', 'avg_speed: { max: speed }'],
      ['size: 30s', 'size: 1m'],
      ['allowed_lateness: 60s', 'allowed_lateness: 61s'],
      ['allowed_lateness: 60s', 'allowed_lateness: 59s'],
    ] as const) {
      const rule = await put(context, 'speeding.yaml', speedingText.replace(from, to))
      await put(
        context,
        'speeding.cases.yaml',
        (await context.files.readText(`${context.templates}/rules/speeding.cases.yaml`)) ?? '',
      )
      const result = await testRules({ ruleFiles: [], only: rule }, context)
      expect(result.failed, to).toBeGreaterThan(0)
    }
  })

  it('a failed case shows what was expected and what was found, exit code 5', async () => {
    await using context = await testContext()
    const file = await put(
      context,
      'own.yaml',
      own(oneCase('[{ car_number: A0001, avg_speed: 99, rows: 1 }]\n  late: 1')),
    )
    const result = await testRules({ ruleFiles: [file], only: 'own' }, context)
    expect(result).toMatchObject({ passed: 0, failed: 1, rules: [{ rule: 'own', casesFile: file }] })
    expect(testSummary(result)).toBe(`own: 1 of 1 case failed
  FAILED  one fast row
    alert 1
      - expected car_number A0001, avg_speed 99, rows 1
      + found    car_number A0001, window_start 20200322000000, window_end 20200322000030, avg_speed 100, rows 1, member A0001-20200322000000
    late
      - expected 1
      + found    0
`)
    expect(testFailure(result)).toMatchObject({ code: 'RULE_CASES_FAILED', exitCode: 5 })
  })

  it.each([
    ['one too few', '[]', '      - expected none\n      + found    car_number A0001'],
    ['one too many', '[{ rows: 1 }, { rows: 2 }]', '    alert 2\n      - expected rows 2\n      + found    none'],
    ['a column that is none', '[{ speed: 100 }]', 'expected speed 100'],
  ])('%s', async (_, expected, shown) => {
    await using context = await testContext()
    const file = await put(context, 'own.yaml', own(oneCase(expected)))
    expect(testSummary(await testRules({ ruleFiles: [], only: file }, context))).toContain(shown)
  })

  it('averages are compared to the places that the case gives', async () => {
    await using context = await testContext()
    const text = cases(`- name: a third
  given:
    - 20200322000000,A0001,3,0,F,N,81,A01
    - { date: '20200322000002', car_number: A0001, speed: 100, speed_pedal: 5, area_number: F10 }
    - { date: '20200322000004', car_number: A0001, speed: 100 }
  expect: [{ avg_speed: 93.67 }]`)
    const file = await put(context, 'own.yaml', own(text))
    expect(await testRules({ ruleFiles: [], only: file }, context)).toMatchObject({ passed: 1, failed: 0 })
    await put(context, 'own.yaml', own(text.replace('93.67', '93.66')))
    expect(await testRules({ ruleFiles: [], only: file }, context)).toMatchObject({ passed: 0, failed: 1 })
  })

  it('cases that are wrong are told with their place, exit code 3', async () => {
    await using context = await testContext()
    const file = await put(context, 'own.yaml', own(cases('- name: x\n  given: []\n  expct: []')))
    const error = await testRules({ ruleFiles: [file] }, context).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CASES_INVALID', exitCode: 3 })
    const { diagnostics } = error as { diagnostics: readonly { message: string; place: { line: number } }[] }
    expect(diagnostics.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringContaining('unknown key "cases.0.expct" (did you mean "expect"?)')]),
    )
    expect(diagnostics.every(({ place }) => place.line >= 8)).toBe(true)
  })

  it('a cases file names its rule', async () => {
    await using context = await testContext()
    const file = await put(context, 'own.yaml', own())
    await put(context, 'own.cases.yaml', `rule: speeding\n${oneCase('[]')}`)
    await expect(testRules({ ruleFiles: [], only: file }, context)).rejects.toMatchObject({
      code: 'CASES_INVALID',
      diagnostics: [{ message: expect.stringContaining('these cases are for "speeding"'), place: { line: 1 } }],
    })
  })

  it('a rule without cases is passed over, unless it was asked for', async () => {
    await using context = await testContext()
    const file = await put(context, 'own.yaml', own())
    const result = await testRules({ ruleFiles: [file] }, context)
    expect(result.rules.find(({ rule }) => rule === 'own')).toMatchObject({ casesFile: null, cases: [] })
    await expect(testRules({ ruleFiles: [file], only: 'own' }, context)).rejects.toMatchObject({ code: 'CASES_ABSENT' })
  })

  it('an unknown rule, a file that is not there', async () => {
    await using context = await testContext()
    await expect(testRules({ ruleFiles: [], only: 'speding' }, context)).rejects.toMatchObject({
      code: 'RULE_UNKNOWN',
      message: 'there is no stream rule "speding" (did you mean "speeding"?)',
    })
    await expect(testRules({ ruleFiles: [], only: 'x/own.yaml' }, context)).rejects.toMatchObject({
      code: 'RULE_FILE_ABSENT',
    })
  })
})

describe('the catalogue', () => {
  const names = async (context: Parameters<typeof loadRules>[1], ...paths: string[]) =>
    (await loadRules(paths, context)).map(({ rule, builtIn }) => `${rule.name} ${builtIn ? 'built-in' : 'own'}`)

  it('has the built-in rules and those of files and folders, each file once', async () => {
    await using context = await testContext()
    const file = await put(context, 'rules/own.yaml', own())
    await put(context, 'rules/own.cases.yaml', 'rule: own')
    await put(context, 'rules/.hidden.yaml', 'x')
    await put(context, 'rules/notes.txt', 'x')
    const folder = `${context.layout.root}/input/rules`
    expect(await names(context)).toEqual(['speeding built-in'])
    expect(await names(context, file, folder)).toEqual(['speeding built-in', 'own own'])
  })

  it('a rule of the site takes the place of a built-in one of its name', async () => {
    await using context = await testContext()
    const file = await put(context, 'own.yaml', speedingText.replace('> 80', '> 100'))
    expect(await names(context, file)).toEqual(['speeding own'])
  })

  it('every problem of every file, and clashes of names and tables', async () => {
    await using context = await testContext()
    const files = [
      await put(context, 'a.yaml', own().replace('avg_speed > 80', 'avg_sped > 80')),
      await put(context, 'b.yaml', ruleText({ name: 'b', table: 'speeding_alerts' })),
      await put(context, 'c.yaml', ruleText({ name: 'b', table: 'c_alerts' })),
      `${context.layout.root}/nowhere.yaml`,
    ]
    const error = await loadRules(files, context).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RULE_INVALID', exitCode: 3 })
    const { diagnostics } = error as { diagnostics: readonly { message: string; place: { file: string } }[] }
    expect(
      diagnostics.map(({ message, place }) => `${place.file.split('/').at(-1)} ${message.split(' /')[0]}`),
    ).toEqual([
      'a.yaml condition: unknown name "avg_sped" (did you mean "avg_speed"?)',
      'nowhere.yaml this rule file or folder does not exist',
      'b.yaml the table "speeding_alerts" is also that of',
      'c.yaml the rule name "b" is also that of',
    ])
  })
})
