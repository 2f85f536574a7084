import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StackStatus, type StackWorld, stackWorld } from './clients.js'

/** The last file of the suite: it leaves most services stopped. */
describe('stop and start', () => {
  let on: StackWorld
  beforeAll(async () => {
    on = await stackWorld()
  })
  afterAll(() => on[Symbol.asyncDispose]())

  test('a stop goes against the order of needs, and a start brings what is needed', async () => {
    const stopped = await on.json<{ steps: { title: string; state: string }[] }>(['cluster', 'stop', 'hdfs'])
    const order = stopped.steps.filter(({ state }) => state === 'changed').map(({ title }) => title)
    expect(order.at(-1)).toBe('stop namenode')
    expect(order.indexOf('stop hiveserver2')).toBeLessThan(order.indexOf('stop datanode'))
    const down = await on.run(['cluster', 'status', 'hdfs'])
    expect(down.code).toBe(10)
    await on.json(['cluster', 'start', 'hive'])
    expect(await on.json<StackStatus>(['cluster', 'status', 'hive', 'hdfs'])).toMatchObject({ healthy: true })
  })
})
