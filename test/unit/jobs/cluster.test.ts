import { expect, it } from 'vitest'
import { UnreachableError } from '../../../src/core/errors.js'
import { restartCluster, startCluster, stopCluster } from '../../../src/jobs/cluster/life-cycle.js'
import { hostsContext } from '../../support/hosts-context.js'

const work = { 'cluster start': startCluster, 'cluster stop': stopCluster } as const

it.each(Object.entries(work))('%s keeps the site locked until its last step is done', async (_, run) => {
  await using context = await hostsContext('profile: apache\n')
  const log: string[] = []
  const result = run(
    { services: ['zookeeper'] },
    {
      ...context,
      files: {
        ...context.files,
        lock: async (file, purpose, options) => {
          const held = await context.files.lock(file, purpose, options)
          log.push('locked')
          return {
            async [Symbol.asyncDispose]() {
              log.push('released')
              await held[Symbol.asyncDispose]()
            },
          }
        },
      },
      transports: {
        ...context.transports,
        open: async () => {
          await new Promise((resolve) => setTimeout(resolve, 30))
          log.push('asked')
          throw new UnreachableError('HOST_UNREACHABLE', 'it is off')
        },
      },
    },
  )
  await result.catch(() => undefined)
  expect(log).toContain('asked')
  expect(log[0]).toBe('locked')
  expect(log.at(-1)).toBe('released')
  expect(log.filter((word) => word === 'released')).toHaveLength(1)
})

it('a service that the site does not have is refused before anything is asked', async () => {
  await using context = await hostsContext('profile: apache\n')
  for (const run of [startCluster, stopCluster, restartCluster])
    await expect(run({ services: ['kafak'] }, context)).rejects.toMatchObject({
      code: 'SERVICE_UNKNOWN',
      message: expect.stringContaining('kafka'),
    })
})
