import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBundle } from '../../../../src/bundles/archive.js'
import type { Processes } from '../../../../src/core/ports.js'
import { localProcesses } from '../../../../src/io/processes.js'
import { checkBundle } from '../../../../src/jobs/bundle/check.js'
import { createBundle } from '../../../../src/jobs/bundle/create.js'
import { useBundle } from '../../../../src/jobs/bundle/use.js'
import { type ProvisionInput, provision } from '../../../../src/jobs/provision/provision.js'
import { checkedText, createdText } from '../../../../src/render/bundle.js'
import { pinnedProducts } from '../../../support/apache-site.js'
import { type HostsTestContext, hostsContext } from '../../../support/hosts-context.js'

const siteText = (...roles: readonly string[]) => `name: pilot
profile: apache
hosts: { localhost: { address: 127.0.0.1, connection: local, roles: [${roles.join(', ')}] } }
`
const install: ProvisionInput = { hosts: [], only: ['software'], resume: false, confirm: async () => true }
const product = pinnedProducts().get('zookeeper')

/** Asked for a registry's client it fails, as on a machine without one. */
const withoutRegistries: Processes = {
  ...localProcesses,
  run: (argv, options) => {
    if (['mvn', 'python3'].includes(argv[0])) return Promise.reject(new Error(`${argv[0]} was run`))
    return localProcesses.run(argv, options)
  },
}

describe('software of the services in a bundle', () => {
  let online: HostsTestContext
  let archive: string
  let siteFile: string
  const create = () =>
    createBundle(
      { families: [], hosts: [], apt: [], parallel: 2, output: archive },
      { ...online, processes: withoutRegistries },
    )
  /** Another control machine: the same folder, nothing in its cache, no registry. */
  const offline = async () => ({
    ...(await hostsContext(await readFile(siteFile, 'utf8'), { folder: online.folder })),
    cache: path.join(online.folder, 'empty'),
    processes: withoutRegistries,
  })
  beforeEach(async () => {
    online = await hostsContext(siteText('zookeeper'))
    siteFile = path.join(online.folder, 'smartcar.yaml')
    archive = path.join(online.folder, 'pilot.tar')
    await writeFile(siteFile, siteText('zookeeper'))
    // What `provision` or an earlier `bundle create` has packed.
    const content = path.join(online.folder, 'content')
    await mkdir(path.join(content, 'lib'), { recursive: true })
    await writeFile(path.join(content, 'lib', 'zookeeper.jar'), 'jar')
    await mkdir(path.join(online.cache, 'apache'), { recursive: true })
    const packed = path.join(online.cache, 'apache', `zookeeper-${product?.id}.tar`)
    expect((await localProcesses.run(['tar', '-cf', packed, '-C', content, '.'])).code).toBe(0)
  })
  afterEach(() => online[Symbol.asyncDispose]())

  test('what the roles of the site need is packed, and nothing for the machine itself', async () => {
    const made = await create()
    expect(made).toMatchObject({
      status: 'written',
      families: [],
      software: [{ product: 'zookeeper', version: product?.version }],
    })
    expect(createdText(made)).toMatch(/zookeeper +3\.\S+ +/)
    expect((await create()).status).toBe('unchanged')
    const checked = await checkBundle(archive, online)
    expect(checked).toMatchObject({ items: 1, software: made.software })
    expect(checkedText(checked)).toContain('is whole')
  })

  test('a control machine without registry and cache provisions from it', async () => {
    await create()
    expect(await useBundle(archive, await offline())).toMatchObject({ status: 'written', bundle: 'pilot.tar' })
    await rm(online.cache, { recursive: true })
    const context = await offline()
    const result = await provision(install, context)
    expect(result?.steps.filter(({ state }) => state !== 'ok' && state !== 'changed')).toEqual([])
    const software = path.join(context.site.data, 'services', 'software')
    expect(await readFile(path.join(software, 'zookeeper', 'lib', 'zookeeper.jar'), 'utf8')).toBe('jar')
    expect((await provision(install, context))?.outcome).toBe('unchanged')
  })

  test('one that lacks a product of the site is refused, by name', async () => {
    await create()
    await writeFile(siteFile, siteText('zookeeper', 'kafka'))
    await expect(useBundle(archive, await offline())).rejects.toMatchObject({
      code: 'BUNDLE_INCOMPLETE',
      message: expect.stringMatching(/has no software of kafka 3\.\S+, as this smartcar pins it/),
    })
  })

  test('one that has changed since it was checked installs nothing', async () => {
    await create()
    await useBundle(archive, online)
    const { entries } = await openBundle(archive, online.files)
    const software = [...entries.values()].find(({ path: name }) => name.startsWith('software/'))
    const file = await open(archive, 'r+')
    await file.write('X', (software?.offset ?? 0) + 2)
    await file.close()
    const context = await offline()
    const result = await provision(install, context)
    expect(result?.steps.find(({ state }) => state === 'failed')).toMatchObject({
      id: 'software/zookeeper@localhost',
      failure: { code: 'BUNDLE_CHANGED' },
    })
  })
})
