import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchInputs } from '../support/batch-acceptance.js'
import { sharedDataFolder } from '../support/shared-data.js'
import { type StackWorld, stackWorld } from './clients.js'

describe('the batch side of the pilot on the real services', () => {
  let on: StackWorld
  beforeAll(async () => {
    on = await stackWorld()
    await mkdir(path.join(on.folder, 'in'))
    for (const name of batchInputs) await cp(path.join(sharedDataFolder, name), path.join(on.folder, 'in', name))
  })
  afterAll(() => on[Symbol.asyncDispose]())

  test('every service answers a real question, and a second provision changes nothing', async () => {
    await on.untilHealthy()
    const { roles } = await on.status()
    expect(roles).toHaveLength(14)
    expect(roles.map(({ state }) => state)).toEqual(roles.map(() => 'healthy'))
    expect(await on.json(['provision', '--yes'])).toMatchObject({ outcome: 'unchanged' })
  })

  test('shared data through Flume and WebHDFS into HDFS: every row, once; a second load brings nothing', async () => {
    await on.json(['collect', 'in'])
    const loaded = await on.json<{ kinds: { kind: string; way: string; rows: number; status: string }[] }>(['load'])
    expect(loaded.kinds.map(({ kind, way, rows, status: did }) => [kind, way, rows, did])).toEqual([
      ['status', 'flume', 108_005, 'loaded'],
      ['drive', 'webhdfs', 216_005, 'loaded'],
      ['master', 'webhdfs', 2600, 'loaded'],
      ['purchases', 'webhdfs', 100_000, 'loaded'],
    ])
    expect(await on.json(['load'])).toMatchObject({ changed: false })
  })

  test('a changed setting restarts what reads it, and nothing else', async () => {
    const before = new Map((await on.status()).roles.map(({ role, pid }) => [role, pid]))
    const text = await readFile(on.stack.site, 'utf8')
    const changed = text.replace(
      '  kafka:\n',
      '  kafka:\n    properties: { server.properties: { num.io.threads: 3 } }\n',
    )
    await writeFile(on.stack.site, changed)
    try {
      expect(await on.json(['provision', '--yes'])).toMatchObject({ outcome: 'done' })
      const after = new Map((await on.status()).roles.map(({ role, pid }) => [role, pid]))
      const restarted = [...after].filter(([role, pid]) => before.get(role) !== pid).map(([role]) => role)
      expect(restarted).toEqual(['kafka'])
    } finally {
      await writeFile(on.stack.site, text)
      await on.json(['provision', '--yes'])
    }
  })
})
