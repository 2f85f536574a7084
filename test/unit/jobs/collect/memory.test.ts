import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { testContext } from '../../../support/context.js'
import { bundled } from './bundled.js'

const measured = z.object({ most: z.number(), kept: z.number(), ms: z.number() })

test('eight times the input needs no more memory', async () => {
  await using context = await testContext()
  const script = await bundled('memory-child.ts', context.layout.root)
  const measure = async (megabytes: number) => {
    const folder = path.join(context.layout.root, 'staging')
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder, String(megabytes)])
    return measured.parse(JSON.parse(stdout))
  }
  const small = await measure(20)
  const large = await measure(160)
  expect(large.kept).toBeGreaterThan(small.kept * 7)
  expect(small.most).toBeGreaterThan(20_000_000)
  // Bitmaps of keys may take 16 MB in all, see seen-keys.ts; the rest is what the garbage collector leaves for a while.
  expect(large.most - small.most).toBeLessThan(90_000_000)
  expect(large.most).toBeLessThan(220_000_000)
})
