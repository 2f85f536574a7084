import { describe, expect, it } from 'vitest'
import { maxCars } from '../../../../src/core/cars.js'
import { formatPlace, InvalidError } from '../../../../src/core/errors.js'
import { resolveSite, type SiteSources } from '../../../../src/core/site/resolve.js'
import { checkCars } from '../../../../src/simulator/fleet.js'

const none: SiteSources = { environment: {}, workingFolder: '/work' }
const withFile = (text: string, more: Partial<SiteSources> = {}): SiteSources => ({
  ...none,
  siteFile: { path: '/sites/pilot/smartcar.yaml', text },
  ...more,
})

function problems(sources: SiteSources): string[] {
  try {
    resolveSite(sources)
  } catch (error) {
    if (error instanceof InvalidError) {
      expect(error.exitCode).toBe(3)
      return error.diagnostics.map(({ place, message }) => `${formatPlace(place)}: ${message}`)
    }
    throw error
  }
  return []
}

describe('values', () => {
  it('has defaults for everything', () => {
    expect(resolveSite(none)).toMatchObject({
      name: 'smartcar',
      profile: 'embedded',
      data: '/work/smartcar-data',
      locale: 'ko',
    })
  })

  it('lets environment win over the site file, and that over the user configuration', () => {
    const userFile = {
      path: '/home/u/.config/smartcar/config.yaml',
      text: 'locale: en\nsimulate: {cars: 7, seed: 9}\n',
    }
    const site = resolveSite(
      withFile('simulate:\n  cars: 5\n', { userFile, environment: { SMARTCAR_SIMULATE_SEED: '4' } }),
    )
    expect(site.locale).toBe('en')
    expect(site.simulate).toEqual({ cars: 5, seed: 4 })
    const from = Object.fromEntries(site.values.map((value) => [value.key, value.from]))
    expect(from).toMatchObject({
      locale: '/home/u/.config/smartcar/config.yaml:1:1',
      'simulate.cars': '/sites/pilot/smartcar.yaml:2:3',
      'simulate.seed': 'environment SMARTCAR_SIMULATE_SEED',
      name: 'default',
    })
  })

  it('takes paths relative to the file that they stand in', () => {
    const site = resolveSite(
      withFile(
        'data: ../data\nstream: {rules: [rules/mine.yaml]}\nexport: {targets: {dwh: {url: "postgres://u@h/d", password_file: secret}}}\n',
      ),
    )
    expect(site.data).toBe('/sites/data')
    expect(site.stream.rules).toEqual(['/sites/pilot/rules/mine.yaml'])
    expect(site.export.targets.dwh).toEqual({
      url: 'postgres://u@h/d',
      schema: 'public',
      passwordFile: '/sites/pilot/secret',
    })
  })

  it('keeps keys apart that hold dots', () => {
    const userFile = { path: '/home/u/config.yaml', text: 'provision: {directories: {/data.1: {owner: kafka}}}\n' }
    const text = 'provision:\n  directories:\n    /data.1: {mode: "0700"}\n    /data: {owner: hdfs}\n'
    const site = resolveSite(withFile(text, { userFile }))
    expect(site.provision.directories).toMatchObject([
      { path: '/data.1', owner: 'kafka', mode: 0o700 },
      { path: '/data', owner: 'hdfs' },
    ])
    const from = Object.fromEntries(site.values.map((value) => [value.key, value.from]))
    expect(from).toMatchObject({
      'provision.directories."/data.1".owner': '/home/u/config.yaml:1:37',
      'provision.directories."/data.1".mode': '/sites/pilot/smartcar.yaml:3:15',
    })
    expect(problems(withFile('hosts:\n  a.b: {address: 10.0.0.1}\n'))).toEqual([
      expect.stringContaining('smartcar.yaml:2:3: the key "hosts.a.b" must be a short lower-case host name'),
    ])
  })

  it('takes as many cars as the simulator can number, and no more', () => {
    expect(resolveSite(withFile(`simulate: {cars: ${maxCars}}`)).simulate.cars).toBe(259_974)
    expect(problems(withFile(`simulate: {cars: ${maxCars + 1}}`))).toHaveLength(1)
    expect(() => checkCars(maxCars)).not.toThrow()
    expect(() => checkCars(maxCars + 1)).toThrow(/cannot simulate 259975 cars/)
  })

  it('works in the folder that --site names', () => {
    expect(resolveSite({ ...none, dataFolder: '/tmp/here' }).data).toBe('/tmp/here')
  })
})

describe('problems', () => {
  it('finds every one, with its place and what was meant', () => {
    expect(problems(withFile('nme: a\nsimulate:\n  car: 5\n  seed: x\nlocale: de\n'))).toEqual([
      '/sites/pilot/smartcar.yaml:1:1: unknown key "nme" (did you mean "name"?)',
      '/sites/pilot/smartcar.yaml:3:3: unknown key "simulate.car" (did you mean "cars"?)',
      '/sites/pilot/smartcar.yaml:4:9: simulate.seed: Invalid input: expected number, received string',
      '/sites/pilot/smartcar.yaml:5:9: locale: Invalid option: expected one of "ko"|"en"',
    ])
  })

  it.each([
    ['duplicate keys', 'name: a\nname: b\n', /:2:1: the key "name" is there twice/],
    ['two documents', 'name: a\n---\nname: b\n', /:2:1: a second document begins here/],
    ['UTF-16', '\ufffd\ufffdn\0a\0m\0e\0', /:1:1: this is no UTF-8 text/],
    ['tabs', 'simulate:\n\tcars: 5\n', /:2:1: Tabs are not allowed/],
    ['a list', '- 1\n', /:1:1: the file: .*expected object/],
    ['a password in a URL', 'export: {targets: {a: {url: "postgres://u:secret@h/d"}}}\n', /must not hold a password/],
    [
      'two password sources',
      'export: {targets: {a: {url: "postgres://u@h/d", password_file: f, password_env: E}}}\n',
      /keep one/,
    ],
    ['a number out of range', 'simulate: {cars: 0}\n', /simulate.cars: Too small/],
    ['an unclosed bracket', 'stream: {rules: [\n', /smartcar.yaml:\d+:\d+: /],
  ])('says %s', (_, text, expected) => {
    expect(problems(withFile(text)).join('\n')).toMatch(expected)
  })

  it('names the environment variable', () => {
    expect(problems({ ...none, environment: { SMARTCAR_SIMULATE_CARS: 'many' } }).join()).toMatch(
      /^SMARTCAR_SIMULATE_CARS: /,
    )
  })
})
