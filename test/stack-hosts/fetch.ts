/** Packs the software of the services into this user's cache, before a test run that has no network. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { cacheFolder } from '../../src/cli/context.js'
import { siteProducts } from '../../src/jobs/bundle/software.js'
import { productArchive } from '../../src/jobs/software/software.js'
import { hostsContext } from '../support/hosts-context.js'
import { mavenLines } from './site.js'

const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-fetch-'))
try {
  await using context = await hostsContext(`profile: apache\nservices:\n  bind: site\n${mavenLines}`, { folder })
  const software = { ...context, cache: cacheFolder(process.env, context.layout.state) }
  for (const product of await siteProducts(software)) console.error(await productArchive(product, software))
} finally {
  await rm(folder, { recursive: true, force: true })
}
