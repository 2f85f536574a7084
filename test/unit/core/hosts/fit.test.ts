import { expect, it } from 'vitest'
import { fitHost, parseMemory } from '../../../../src/core/hosts/fit.js'
import { defaultRoles, roleNames } from '../../../../src/core/hosts/roles.js'

const GiB = 1024 ** 3

it('places the roles as the pilot does', () => {
  expect(defaultRoles(0, 2)).toEqual(
    expect.arrayContaining([
      'namenode',
      'secondarynamenode',
      'resourcemanager',
      'hmaster',
      'nimbus',
      'storm-ui',
      'cm-server',
      'postgres',
    ]),
  )
  expect(defaultRoles(0, 2)).toHaveLength(8)
  expect([...defaultRoles(0, 2), ...defaultRoles(1, 2)].sort()).toEqual([...roleNames].sort())
  expect(defaultRoles(0, 1)).toEqual(roleNames)
  expect(defaultRoles(2, 3)).toEqual(['datanode', 'nodemanager', 'regionserver', 'storm-supervisor'])
})

it('never promises more memory than there is, whatever the size', () => {
  for (let ram = GiB; ram <= 64 * GiB; ram += GiB / 4) {
    for (const roles of [defaultRoles(0, 2), defaultRoles(1, 2), roleNames]) {
      const fit = fitHost('server01', ram, roles)
      const taken = fit.services.reduce((total, { resident }) => total + resident, 0)
      expect(fit.reserve + taken + fit.left).toBe(ram)
      expect(fit.fits).toBe(fit.leaveOut.length === 0 && fit.left >= 0)
      expect([...fit.services.map(({ role }) => role), ...fit.leaveOut].sort()).toEqual([...roles].sort())
      if (fit.fits) expect(fit.needed).toBeLessThanOrEqual(ram)
    }
  }
})

it('gives more heap to a larger host, and never less than the smallest', () => {
  const heaps = [4, 8, 16, 32].map((size) => {
    const { services } = fitHost('server01', size * GiB, ['namenode', 'zookeeper'])
    return services.map(({ heap }) => heap)
  })
  for (const [index, now] of heaps.entries()) {
    const before = heaps[index - 1] ?? [192 * 1024 ** 2, 48 * 1024 ** 2]
    expect(now.every((heap, role) => heap >= (before[role] ?? 0))).toBe(true)
  }
  expect(heaps.at(-1)).toEqual([GiB, GiB / 4])
})

it('leaves out comfort before the core, and nothing that fits', () => {
  const fit = fitHost('server02', 4 * GiB, defaultRoles(1, 2))
  expect(fit.fits).toBe(false)
  expect(fit.leaveOut).toContain('zeppelin')
  expect(fit.services.map(({ role }) => role)).toEqual(
    expect.arrayContaining(['datanode', 'nodemanager', 'zookeeper', 'kafka']),
  )
  expect(fitHost('server02', 1.5 * GiB, ['namenode', 'zeppelin', 'impala']).leaveOut).toEqual(['impala'])
  expect(fitHost('tiny', GiB, ['datanode', 'nodemanager'])).toMatchObject({ fits: false, leaveOut: [] })
})

it.each([
  ['4G', 4 * GiB],
  ['4GiB', 4 * GiB],
  ['3.5g', 3.5 * GiB],
  ['3800M', 3800 * 1024 ** 2],
  ['4', undefined],
  ['G', undefined],
  ['-4G', undefined],
])('reads %s', (text, bytes) => {
  expect(parseMemory(text)).toBe(bytes)
})
