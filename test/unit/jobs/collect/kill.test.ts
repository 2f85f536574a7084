/** kill -9 at any moment, then the same command again: the lake is that of an undisturbed run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestContext } from '../../../support/context.js'
import { bundled } from './bundled.js'
import { memoryContext } from './memory-folder.js'
import { driveRow, goodRows, seededDraws } from './rows.js'
import { siteTree } from './site-tree.js'

const wantedKills = 24

let inputs: TestContext
let script: string

beforeAll(async () => {
  inputs = await memoryContext()
  script = await bundled('collect-child.ts', inputs.layout.root)
})

afterAll(() => inputs[Symbol.asyncDispose]())

interface ChildRun {
  readonly killed: boolean
  /** Milliseconds from its first word to its end. */
  readonly ms: number
}

async function runChild(args: readonly string[], killAfterMs?: number): Promise<ChildRun> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const started = performance.now()
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const [code, signal] = (await ended) as [number | null, string | null]
  clearTimeout(timer)
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the child ended with ${code ?? signal}`)
  return { killed: signal === 'SIGKILL', ms: performance.now() - started }
}

const dayRows = (day: string, car: string, count: number) =>
  Array.from({ length: count }, (_, i) => driveRow(day, i * 2, car)).join('\n')

test(`killed ${wantedKills} times while it collects`, { timeout: 120_000 }, async () => {
  const days = ['20200320', '20200321', '20200322']
  const contents: Record<string, string> = {
    'a.log': days.map((day) => `Driver Status\n${dayRows(day, 'A0001', 15_000)}\n1,2\n`).join(''),
    'b.txt': `${goodRows.master.join('\n')}\n`,
    'c.log': dayRows('20200321', 'B0002', 20_000),
    'd.txt': `${goodRows.purchases.join('\n')}\n`,
  }
  const paths = Object.keys(contents).map((name) => path.join(inputs.layout.root, name))
  for (const [name, content] of Object.entries(contents)) await writeFile(path.join(inputs.layout.root, name), content)
  await using whole = await memoryContext()
  const { ms } = await runChild(['collect', whole.layout.root, ...paths])
  const expected = await siteTree(whole.layout)
  expect(Object.keys(expected)).toHaveLength(4 + 6 + 1)
  const draw = seededDraws(9)
  let kills = 0
  let unfinished = 0
  while (kills < wantedKills) {
    await using context = await memoryContext()
    for (let attempt = 0; attempt < 5; attempt++) {
      const { killed } = await runChild(['collect', context.layout.root, ...paths], (draw(1000) / 1000) * ms)
      if (!killed) break
      kills++
      if ((await context.files.stat(path.join(context.layout.lake, '_tmp'))) !== undefined) unfinished++
    }
    await runChild(['collect', context.layout.root, ...paths])
    expect(await siteTree(context.layout)).toEqual(expected)
  }
  // Else the kills came before or after the work.
  expect(unfinished).toBeGreaterThanOrEqual(3)
})

test('killed while it follows a log: no row is lost or doubled', { timeout: 120_000 }, async () => {
  const file = path.join(inputs.layout.root, 'growing.log')
  const content = `${dayRows('20200322', 'C0003', 20_000)}\n`
  await writeFile(file, content)
  await using whole = await memoryContext()
  const { ms } = await runChild(['follow', whole.layout.root, file])
  const draw = seededDraws(5)
  await using context = await memoryContext()
  let kills = 0
  while ((await runChild(['follow', context.layout.root, file], (draw(1000) / 1500) * ms)).killed) kills++
  expect(kills).toBeGreaterThan(0)
  const rowsOf = async ({ layout }: TestContext) =>
    Object.entries(await siteTree(layout))
      .filter(([name]) => name.startsWith('lake/drive-log/'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, text]) => text)
      .join('')
  expect((await rowsOf(context)) === content).toBe(true)
  expect((await rowsOf(whole)) === content).toBe(true)
})

test('two processes at once: one after the other, each content once', { timeout: 60_000 }, async () => {
  const paths = ['x.log', 'y.log'].map((name) => path.join(inputs.layout.root, name))
  for (const [index, file] of paths.entries()) await writeFile(file, dayRows('20200322', `D000${index}`, 2000))
  await using whole = await memoryContext()
  await runChild(['collect', whole.layout.root, ...paths])
  await using context = await memoryContext()
  await Promise.all([1, 2, 3].map(() => runChild(['collect', context.layout.root, ...paths])))
  expect(await siteTree(context.layout)).toEqual(await siteTree(whole.layout))
})
