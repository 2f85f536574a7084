import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { resolveSite, type Site } from '../../src/core/site/resolve.js'
import { openTransports } from '../../src/io/transport/index.js'
import { readSecret } from '../../src/io/transport/secrets.js'
import type { HostsContext } from '../../src/jobs/provision/context.js'
import { type TestContext, testContext } from './context.js'

export interface HostsTestContext extends HostsContext, TestContext {
  /** The site file's folder, which the site's data are below. */
  readonly folder: string
}

export interface HostsTestOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Work in this folder, and leave it. */
  readonly folder?: string
}

/** A context of a site file's text with real transports; disposing closes them and removes the folder. */
export async function hostsContext(text: string, options: HostsTestOptions = {}): Promise<HostsTestContext> {
  const folder = options.folder ?? (await mkdtemp(path.join(os.tmpdir(), 'smartcar-site-')))
  const environment = options.environment ?? {}
  const site: Site = resolveSite({
    siteFile: { path: path.join(folder, 'smartcar.yaml'), text },
    environment,
    workingFolder: folder,
  })
  const context = await testContext(site.data, options.signal === undefined ? {} : { signal: options.signal })
  const transports = openTransports({
    hosts: site.hosts,
    layout: context.layout,
    environment,
    emit: context.emit,
    keepaliveMs: 500,
    reconnectMs: 5000,
  })
  return {
    ...context,
    folder,
    site,
    transports,
    secret: (source, purpose) => readSecret(source, environment, purpose),
    async [Symbol.asyncDispose]() {
      await transports.close()
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}
