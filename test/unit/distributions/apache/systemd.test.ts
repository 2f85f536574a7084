import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isShellCheck, type Step, type Undo, type World } from '../../../../src/core/plan/step.js'
import { unitText } from '../../../../src/distributions/apache/systemd.js'
import { localProcesses } from '../../../../src/io/processes.js'
import { apacheCluster, apacheSteps, pilotHosts } from '../../../support/apache-site.js'
import { expectGolden } from '../../../support/golden.js'
import { planWorld } from '../../../support/plan-world.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-units-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function analyser(): boolean {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The unit of a role of the pilot's second host. */
function unitOf(root: string): string {
  const cluster = apacheCluster(`${pilotHosts}services: { root: ${JSON.stringify(root)} }\n`)
  const [, host] = cluster.hosts
  if (host === undefined) throw new Error('no host')
  return unitText({
    site: 'pilot',
    host,
    role: 'datanode',
    account: 'smartcar',
    stopTimeout: 30,
    limits: { nofile: 32_768, nproc: 65_536 },
  })
}

describe('a unit', () => {
  it('runs the supervisor in the foreground', () => {
    expectGolden('test/golden/apache/server02/smartcar-datanode.service', unitOf('/opt/smartcar'))
  })

  it('writes a folder with blanks, quotes, per cent and dollar as systemd reads them', () => {
    expect(unitOf('/srv/my "100 %" $HOME')).toContain(
      String.raw`ExecStart=/bin/sh "/srv/my \"100 %%\" $$HOME/service.sh" "/srv/my \"100 %%\" $$HOME" supervise datanode 55`,
    )
  })

  it.skipIf(!analyser())(
    'is one that systemd-analyze has nothing to say about (skipped where that is not installed)',
    async () => {
      for (const root of ['/opt/smartcar', '/srv/my "100 %" $HOME']) {
        const file = path.join(folder, 'smartcar-datanode.service')
        await writeFile(file, unitOf(root))
        const { code, stderr } = await localProcesses.run(['systemd-analyze', 'verify', '--man=no', file])
        expect(stderr.split('\n').filter((line) => line.includes('smartcar-datanode'))).toEqual([])
        expect(code).toBe(0)
      }
    },
  )
})

/** Stands in for process 1: a unit is started by its ExecStart, and stopped by SIGTERM to what that became. */
const systemctl = `#!/bin/sh
verb=$1; shift
for unit; do
  f=$UNITS/$unit
  case $verb,$unit in
    daemon-reload*) ;;
    enable,*.service) : >"$f.enabled" ;;
    disable,*.service) rm -f "$f.enabled" ;;
    is-enabled,*.service) [ -e "$f.enabled" ] || exit 1 ;;
    is-active,*.service) if [ -e "$f.pid" ]; then echo active; else echo inactive; exit 3; fi ;;
    start,*.service) [ -e "$f.pid" ] && exit 0; echo "start $unit" >>"$UNITS/.log"; eval "$(sed -n 's/^ExecStart=/exec setsid /p' "$f")" >/dev/null 2>&1 </dev/null & echo $! >"$f.pid" ;;
    stop,*.service) [ -e "$f.pid" ] || exit 0; echo "stop $unit" >>"$UNITS/.log"; kill "$(cat "$f.pid")"; while grep -qs '^State:[^Z]*$' "/proc/$(cat "$f.pid")/status"; do sleep 0.05; done; rm -f "$f.pid" ;;
  esac
done
exit 0
`

describe('steps on a host', () => {
  let units = ''
  let world: World
  beforeEach(async () => {
    units = path.join(folder, 'units')
    await mkdir(units)
    const bin = path.join(folder, 'bin')
    await mkdir(bin)
    await writeFile(path.join(bin, 'systemctl'), systemctl)
    // The account is the one that the tests run as.
    await writeFile(path.join(bin, 'su'), '#!/bin/sh\nshift 4\nexec sh -c "$1"\n')
    for (const name of ['systemctl', 'su']) await chmod(path.join(bin, name), 0o755)
    await mkdir(path.join(folder, 'java', 'bin'), { recursive: true })
    await writeFile(path.join(folder, 'java', 'bin', 'java'), '#!/bin/sh\nexec sleep 1000\n')
    await chmod(path.join(folder, 'java', 'bin', 'java'), 0o755)
    const here = (script: string) =>
      `UNITS='${units}'; export UNITS\nPATH='${bin}':$PATH; export PATH\n${script
        .replaceAll('/run/systemd/system', path.join(folder, 'systemd'))
        .replaceAll('/etc/systemd/system', units)
        .replaceAll('PATH=/usr/local/sbin', `PATH='${bin}':/usr/local/sbin`)
        .replaceAll(/^chown .*$/gm, '')}`
    world = planWorld({ shell: (_, script) => localProcesses.run(['sh', '-s'], { input: here(script) }) })
  })

  const look = async ({ check }: Pick<Step, 'check'> | Undo) => {
    if (!isShellCheck(check)) return check(world)
    const { code, stdout } = await world.shell('server02', check.shell)
    return check.interpret({ code, stdout })
  }
  const done = async (step: Step) => step.apply(world, await look(step), () => {})
  const undone = async (step: Step) => step.undo?.apply(world, { state: 'ok' }, () => {})
  const log = async () => (await readFile(path.join(units, '.log'), 'utf8').catch(() => '')).trim().split('\n')

  async function stepsOf() {
    const root = path.join(folder, 'root')
    const text = `services: { root: ${root}, java_home: ${folder}/java }`
    const hosts = 'hosts: { server01: { address: 10.0.0.1 }, server02: { address: 127.0.0.1 } }\n'
    const { steps } = await apacheSteps(apacheCluster(`${hosts}${text}\n`))
    const step = (id: string) => {
      const found = steps.find((one) => one.id === id)
      if (found === undefined) throw new Error(`there is no step ${id}`)
      return found
    }
    return {
      root,
      units: step('services/units@server02'),
      folders: step('services/folders@server02'),
      start: step('zookeeper/start@server02'),
    }
  }

  it('where systemd runs, a role is started and stopped by its unit, which a teardown removes', async () => {
    await mkdir(path.join(folder, 'systemd'))
    const steps = await stepsOf()
    await done(steps.folders)
    const first = await look(steps.units)
    expect(first.state === 'change' ? first.changes.map(({ summary }) => summary) : []).toContain(
      'write /etc/systemd/system/smartcar-zookeeper.service',
    )
    await done(steps.units)
    expect(await look(steps.units)).toEqual({ state: 'ok' })
    await rm(path.join(units, 'smartcar-zookeeper.service.enabled'))
    expect(await look(steps.units)).toMatchObject({
      changes: [{ summary: 'start smartcar-zookeeper.service at boot' }],
    })
    await writeFile(path.join(units, 'smartcar-kafka.service'), 'by hand')
    expect(await look(steps.units)).toMatchObject({ changes: [{ kind: 'update' }, { kind: 'update' }] })
    await done(steps.units)
    expect(await look(steps.units)).toEqual({ state: 'ok' })
    try {
      await done(steps.start)
      await expect.poll(() => look(steps.start), { timeout: 20_000 }).toEqual({ state: 'ok' })
      expect(await log()).toEqual(['start smartcar-zookeeper.service'])
      expect(await look({ check: steps.start.undo?.check ?? steps.start.check })).toMatchObject({
        changes: [{ summary: 'stop zookeeper' }],
      })
    } finally {
      await undone(steps.start)
    }
    expect(await log()).toEqual(['start smartcar-zookeeper.service', 'stop smartcar-zookeeper.service'])
    expect(await look(steps.start)).toMatchObject({ changes: [{ before: 'stopped' }] })
    expect((await look({ check: steps.units.undo?.check ?? steps.units.check })).state).toBe('change')
    await undone(steps.units)
    expect((await readdir(units)).filter((name) => name !== '.log')).toEqual([])
    expect(await look({ check: steps.units.undo?.check ?? steps.units.check })).toEqual({ state: 'ok' })
  })

  it('a role that its unit is about to start again is stopped for good', async () => {
    await mkdir(path.join(folder, 'systemd'))
    const steps = await stepsOf()
    await done(steps.folders)
    await done(steps.units)
    // The supervisor gave up and ended: what is left is the unit, which waits for its turn.
    await writeFile(path.join(units, 'smartcar-zookeeper.service.pid'), '')
    await writeFile(path.join(steps.root, 'run', 'zookeeper.ends'), 'ended, given up after 5 quick ends\n')
    expect(await look(steps.start)).toMatchObject({ changes: [{ before: 'failed' }] })
    expect(await look({ check: steps.start.undo?.check ?? steps.start.check })).toMatchObject({
      changes: [{ summary: 'stop zookeeper' }],
    })
  })

  it('a role that runs without a unit is replaced by one that has it', async () => {
    const steps = await stepsOf()
    await done(steps.folders)
    await done(steps.start)
    await expect.poll(() => look(steps.start), { timeout: 20_000 }).toEqual({ state: 'ok' })
    expect(await look(steps.units), 'no systemd').toEqual({ state: 'ok' })
    await mkdir(path.join(folder, 'systemd'))
    await done(steps.units)
    await writeFile(path.join(steps.root, 'run', 'zookeeper.started'), 'another digest\n')
    try {
      await done(steps.start)
      await expect.poll(() => look(steps.start), { timeout: 20_000 }).toEqual({ state: 'ok' })
      expect(await log()).toEqual(['start smartcar-zookeeper.service'])
    } finally {
      await undone(steps.start)
    }
    expect(await look(steps.start)).toMatchObject({ changes: [{ before: 'stopped' }] })
  })
})
