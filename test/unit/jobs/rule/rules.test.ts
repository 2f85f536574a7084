import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkRules, checkText, listRules, listText, ruleText, showRule } from '../../../../src/jobs/rule/rules.js'
import { type TestContext, testContext } from '../../../support/context.js'

let context: TestContext
let folder: string
let harsh: string

beforeAll(async () => {
  context = await testContext()
  folder = path.join(context.layout.root, 'rules')
  await mkdir(folder)
  harsh = path.join(folder, 'harsh.yaml')
  await writeFile(
    harsh,
    `name: harsh-braking
source: drive
window: { kind: tumbling, size: 10s, alignment: clock }
group: car_number
where: speed > 20
aggregates: { hardest: { max: break_pedal } }
condition: hardest >= 3 and count > 1
allowed_lateness: 0s
output: { table: harsh_braking, expiry: 1d, columns: { hardest: hardest } }
`,
  )
})
afterAll(() => context[Symbol.asyncDispose]())

it('lists the rules of smartcar and of the site, by name', async () => {
  const rules = await listRules([folder], context)
  expect(rules.map(({ name, builtIn, window, table }) => [name, builtIn, window, table])).toEqual([
    ['harsh-braking', false, 10, 'harsh_braking'],
    ['speeding', true, 30, 'speeding_alerts'],
  ])
  expect(listText(rules)).toMatch(/^speeding +30s +avg_speed > 80 +speeding_alerts +smartcar$/m)
})

it('shows a rule in words, and its file', async () => {
  const rule = await showRule('harsh-braking', [folder], context)
  expect(rule).toMatchObject({ where: 'speed > 20', allowedLateness: 0, expiry: 86_400, description: null })
  const text = ruleText(rule)
  expect(text).toContain('rows              drive where speed > 20, by car_number\n')
  expect(text).toContain('aggregates        hardest = max(break_pedal)\n')
  expect(text.endsWith(await readFile(harsh, 'utf8'))).toBe(true)
  await expect(showRule('harsh-breaking', [folder], context)).rejects.toMatchObject({
    code: 'RULE_UNKNOWN',
    message: expect.stringContaining('did you mean "harsh-braking"'),
  })
})

it('checks what is given, else what is in force; every problem with its place', async () => {
  expect(checkText(await checkRules([], [folder], context))).toMatch(/\n2 rules are valid\n$/)
  expect(await checkRules([folder], [], context)).toEqual({
    rules: [{ name: 'harsh-braking', file: harsh, builtIn: false }],
  })
  const wrong = path.join(context.layout.root, 'wrong.yaml')
  await writeFile(wrong, (await readFile(harsh, 'utf8')).replace('speed > 20', 'sped > 20').replace('10s', '7s'))
  await expect(checkRules([wrong], [], context)).rejects.toMatchObject({
    code: 'RULE_INVALID',
    exitCode: 3,
    diagnostics: [
      { place: { file: wrong, line: 3 }, message: expect.stringContaining('does not divide a day') },
      { place: { file: wrong, line: 5, column: 8 }, message: expect.stringContaining('did you mean "speed"') },
    ],
  })
  await expect(checkRules(['nowhere.yaml'], [], context)).rejects.toMatchObject({ code: 'RULE_FILE_ABSENT' })
})
