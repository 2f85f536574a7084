import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../../src/core/errors.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { pilotOptions } from '../../../../src/jobs/pilot/options.js'

const site = resolveSite({
  environment: {},
  workingFolder: '/nowhere',
  siteFile: {
    path: '/nowhere/smartcar.yaml',
    text: 'name: test\nsimulate: {cars: 7, seed: 42}\nstream: {rules: [/rules]}\n',
  },
})

describe('pilotOptions', () => {
  it('takes the values of the site where no flag says otherwise', () => {
    expect(pilotOptions({ days: 1 }, site, {})).toMatchObject({
      site: 'test',
      ruleFiles: ['/rules'],
      locale: 'ko',
      source: { kind: 'simulate', options: { cars: 7, seed: 42, days: ['20200322'], locale: 'ko' } },
    })
  })

  it('prefers flags', () => {
    const flags = { cars: 3, seed: 0, date: '20200228', days: 3, locale: 'en', faults: 'late=0.01' } as const
    const { source, locale } = pilotOptions(flags, site, {})
    expect(locale).toBe('en')
    expect(source).toMatchObject({
      options: { cars: 3, seed: 0, days: ['20200228', '20200229', '20200301'], faults: { late: 0.01 } },
    })
  })

  it('simulates nothing when files are given', () => {
    expect(pilotOptions({ days: 1, input: ['a', 'b'] }, site, {}).source).toEqual({ kind: 'files', paths: ['a', 'b'] })
  })

  it('refuses faults that cannot be', () => {
    expect(() => pilotOptions({ days: 1, faults: 'lat=1' }, site, {})).toThrow(UsageError)
  })
})
