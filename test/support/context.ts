import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { SmartcarEvent } from '../../src/core/events.js'
import { siteLayout } from '../../src/core/layout.js'
import type { JobContext } from '../../src/core/ports.js'
import { systemClock } from '../../src/io/clock.js'
import { httpDownloads } from '../../src/io/downloads.js'
import { localFiles } from '../../src/io/files.js'
import { nodeHttp } from '../../src/io/http.js'
import { packageRoot } from '../../src/io/package-root.js'
import { localProcesses } from '../../src/io/processes.js'
import { threadWorkers } from '../../src/io/workers.js'

export interface TestContext extends JobContext, AsyncDisposable {
  /** Everything that was emitted, in order. */
  readonly events: SmartcarEvent[]
}

/** A job context on the real io and a temporary site folder, which disposing removes (unless `root` was given). */
export async function testContext(root?: string, overrides: Partial<JobContext> = {}): Promise<TestContext> {
  const folder = root ?? (await mkdtemp(path.join(os.tmpdir(), 'smartcar-test-')))
  // As root, PostgreSQL runs as another account: it must be able to enter the folder.
  if (root === undefined) await chmod(folder, 0o755)
  const events: SmartcarEvent[] = []
  return {
    layout: siteLayout(folder),
    templates: path.join(packageRoot(), 'templates'),
    cache: path.join(folder, 'cache'),
    files: localFiles,
    downloads: httpDownloads({ firstPauseMs: 5 }),
    clock: systemClock,
    processes: localProcesses,
    workers: threadWorkers,
    http: nodeHttp,
    emit: (event) => {
      events.push(event)
    },
    signal: new AbortController().signal,
    ...overrides,
    events,
    async [Symbol.asyncDispose]() {
      if (root === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}
