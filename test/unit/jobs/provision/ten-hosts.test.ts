import { setMaxListeners } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { prepare } from '../../../../src/core/plan/planner.js'
import { runPlan } from '../../../../src/core/plan/runner.js'
import type { Step } from '../../../../src/core/plan/step.js'
import { hostsWorld } from '../../../../src/jobs/provision/context.js'
import { hostsContext } from '../../../support/hosts-context.js'
import { makeKey, startSshServer } from '../../../support/ssh-server.js'

const hosts = Array.from({ length: 10 }, (_, number) => `host${number}`)

test('ten hosts side by side, over SSH: all changed once, the second time none and one round trip each', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-ten-'))
  const key = makeKey()
  await using server = await startSshServer({ publicKeys: [key.public] })
  await writeFile(path.join(folder, 'key'), key.private, { mode: 0o600 })
  await writeFile(path.join(folder, 'known_hosts'), server.knownHosts)
  const text = [
    `ssh: { user: root, port: ${server.port}, key_file: key, known_hosts: known_hosts, agent: false }`,
    'hosts:',
    ...hosts.map((host) => `  ${host}: { address: 127.0.0.1 }`),
  ].join('\n')
  await using context = await hostsContext(text, { folder })
  setMaxListeners(0, context.signal)
  const made = path.join(folder, 'made')
  let running = 0
  let most = 0
  const steps = hosts.flatMap((host): Step[] =>
    ['a', 'b'].map((name) => ({
      id: `${name}@${host}`,
      title: `${name} of ${host}`,
      reason: 'a test wants it',
      group: 'test',
      host,
      needs: name === 'b' ? [`a@${host}`] : [],
      check: {
        shell: `[ -e ${made}/${host}-${name} ]`,
        interpret: ({ code }) =>
          code === 0 ? { state: 'ok' } : { state: 'change', changes: [{ kind: 'create', summary: 'make it' }] },
      },
      apply: async (world) => {
        most = Math.max(most, ++running)
        await world.shell(host, `mkdir -p ${made} && sleep 0.2 && touch ${made}/${host}-${name}`)
        running--
      },
    })),
  )
  const run = async () => {
    const world = hostsWorld(context)
    const prepared = await prepare({ command: 'provision', site: 's', digest: 'd', hosts, lost: [], steps }, world)
    const results = await runPlan(prepared, world, { emit: () => {}, record: async () => {}, reconnectMs: 0 })
    return { states: new Set(results.map(({ state }) => state)), world }
  }
  const first = await run()
  expect([...first.states]).toEqual(['changed'])
  expect((await readdir(made)).length).toBe(20)
  expect(most).toBeGreaterThan(5)
  const second = await run()
  expect([...second.states]).toEqual(['ok'])
  expect([...second.world.roundTrips.values()]).toEqual(hosts.map(() => 1))
  await rm(folder, { recursive: true })
})
