import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { bundled } from '../../../support/bundled.js'
import { testContext } from '../../../support/context.js'

const measured = z.object({ most: z.number(), kept: z.number(), ms: z.number() })

test('eight times the input needs no more memory', async () => {
  await using context = await testContext()
  const script = await bundled('unit/jobs/collect/memory-child.ts', context.layout.root)
  const measure = async (megabytes: number) => {
    const folder = path.join(context.layout.root, 'staging')
    // A small heap: garbage that is left for later would look like growth, and how much is left depends on the machine's load.
    const heap = ['--max-old-space-size=64', '--max-semi-space-size=8']
    const { stdout } = await promisify(execFile)(process.execPath, [...heap, script, folder, String(megabytes)])
    return measured.parse(JSON.parse(stdout))
  }
  const small = await measure(20)
  const large = await measure(160)
  expect(large.kept).toBeGreaterThan(small.kept * 7)
  expect(small.most).toBeGreaterThan(5_000_000)
  // Bitmaps of keys may take 16 MB in all, see seen-keys.ts.
  expect(large.most - small.most).toBeLessThan(60_000_000)
})
