import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { mapLimited } from '../../../../src/jobs/mart/limit.js'

it('works on so many at a time, and keeps the order', async () => {
  let running = 0
  let most = 0
  const results = await mapLimited(3, [5, 1, 4, 2, 3], async (ms) => {
    running++
    most = Math.max(most, running)
    await delay(ms)
    running--
    return ms * 10
  })
  expect(results).toEqual([50, 10, 40, 20, 30])
  expect(most).toBe(3)
})

it('starts nothing after an error, and throws it when all that ran has ended', async () => {
  const started: number[] = []
  let ended = 0
  const work = mapLimited(2, [1, 2, 3, 4], async (item) => {
    started.push(item)
    if (item === 1) throw new Error('first')
    await delay(5)
    ended++
  })
  await expect(work).rejects.toThrow('first')
  expect(started).toEqual([1, 2])
  expect(ended).toBe(1)
})
