/** kill -9 at any moment, then the same command again: the lake is that of an undisturbed run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundled } from '../../../support/bundled.js'
import type { TestContext } from '../../../support/context.js'
import { memoryContext } from './memory-folder.js'
import { driveRow, goodRows } from './rows.js'
import { siteTree } from './site-tree.js'

const wantedKills = 16

let inputs: TestContext
let script: string

beforeAll(async () => {
  inputs = await memoryContext()
  script = await bundled('unit/jobs/collect/collect-child.ts', inputs.layout.root)
})

afterAll(() => inputs[Symbol.asyncDispose]())

/** File operations of a run that came to its end; undefined: it was killed. */
async function runChild(mode: 'collect' | 'follow', killAt: number, ...args: string[]): Promise<number | undefined> {
  const child = spawn(process.execPath, [script, mode, String(killAt), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const printed = text(child.stdout)
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (signal === 'SIGKILL') return undefined
  if (code !== 0) throw new Error(`the child ended with ${code ?? signal}`)
  return Number(await printed)
}

const dayRows = (day: string, car: string, count: number) =>
  Array.from({ length: count }, (_, i) => driveRow(day, i * 2, car)).join('\n')

test(`killed ${wantedKills} times while it collects`, async () => {
  const days = ['20200320', '20200321', '20200322']
  const contents: Record<string, string> = {
    'a.log': days.map((day) => `Driver Status\n${dayRows(day, 'A0001', 3000)}\n1,2\n`).join(''),
    'b.txt': `${goodRows.master.join('\n')}\n`,
    'c.log': dayRows('20200321', 'B0002', 4000),
    'd.txt': `${goodRows.purchases.join('\n')}\n`,
  }
  const paths = Object.keys(contents).map((name) => path.join(inputs.layout.root, name))
  for (const [name, content] of Object.entries(contents)) await writeFile(path.join(inputs.layout.root, name), content)
  await using whole = await memoryContext()
  const operations = (await runChild('collect', 0, whole.layout.root, ...paths)) ?? 0
  expect(operations).toBeGreaterThan(wantedKills)
  const expected = await siteTree(whole.layout)
  expect(Object.keys(expected)).toHaveLength(4 + 6 + 1)
  let unfinished = 0
  for (let kill = 0; kill < wantedKills; kill++) {
    await using context = await memoryContext()
    const killAt = 1 + Math.floor((kill / wantedKills) * operations)
    expect(await runChild('collect', killAt, context.layout.root, ...paths)).toBe(undefined)
    if ((await context.files.stat(path.join(context.layout.lake, '_tmp'))) !== undefined) unfinished++
    // The repair is disturbed as well.
    if (kill % 3 === 0) await runChild('collect', Math.ceil(killAt / 2), context.layout.root, ...paths)
    await runChild('collect', 0, context.layout.root, ...paths)
    expect(await siteTree(context.layout)).toEqual(expected)
  }
  // Else the kills came before or after the work.
  expect(unfinished).toBeGreaterThanOrEqual(wantedKills / 2)
})

test('killed while it follows a log: no row is lost or doubled', async () => {
  const file = path.join(inputs.layout.root, 'growing.log')
  const content = `${dayRows('20200322', 'C0003', 20_000)}\n`
  await writeFile(file, content)
  await using whole = await memoryContext()
  const operations = (await runChild('follow', 0, whole.layout.root, file)) ?? 0
  await using context = await memoryContext()
  let kills = 0
  const step = Math.ceil(operations / 7)
  while ((await runChild('follow', step, context.layout.root, file)) === undefined) kills++
  expect(kills).toBeGreaterThanOrEqual(5)
  const rowsOf = async ({ layout }: TestContext) =>
    Object.entries(await siteTree(layout))
      .filter(([name]) => name.startsWith('lake/drive-log/'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, text]) => text)
      .join('')
  expect((await rowsOf(context)) === content).toBe(true)
  expect((await rowsOf(whole)) === content).toBe(true)
})

test('two processes at once: one after the other, each content once', async () => {
  const paths = ['x.log', 'y.log'].map((name) => path.join(inputs.layout.root, name))
  for (const [index, file] of paths.entries()) await writeFile(file, dayRows('20200322', `D000${index}`, 2000))
  await using whole = await memoryContext()
  await runChild('collect', 0, whole.layout.root, ...paths)
  await using context = await memoryContext()
  await Promise.all([1, 2, 3].map(() => runChild('collect', 0, context.layout.root, ...paths)))
  expect(await siteTree(context.layout)).toEqual(await siteTree(whole.layout))
})
