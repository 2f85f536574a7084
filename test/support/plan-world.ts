import { copyFile } from 'node:fs/promises'
import { type Finding, ok, type Step, type World } from '../../src/core/plan/step.js'
import { systemClock } from '../../src/io/clock.js'
import { localFiles } from '../../src/io/files.js'
import { localProcesses } from '../../src/io/processes.js'

/** A world whose hosts are this machine's own sh; `shell` stands in for it where a test wants another answer. */
export function planWorld(overrides: Partial<World> = {}): World {
  return {
    clock: systemClock,
    files: localFiles,
    signal: new AbortController().signal,
    shell: (_host, script) => localProcesses.run(['sh', '-s'], { input: script }),
    upload: async (_host, local, remote) => {
      await copyFile(local, remote)
      return { sha256: '' }
    },
    ...overrides,
  }
}

/** A step on `state`: in place when its id is in it. */
export function memoryStep(
  id: string,
  state: Set<string>,
  more: Partial<Step> & { readonly log?: string[] } = {},
): Step {
  const { log, ...rest } = more
  return {
    id,
    title: id,
    reason: 'a test wants it',
    group: 'test',
    needs: [],
    check: async (): Promise<Finding> =>
      state.has(id) ? ok : { state: 'change', changes: [{ kind: 'create', summary: `make ${id}` }] },
    apply: async () => {
      log?.push(id)
      state.add(id)
    },
    ...rest,
  }
}
