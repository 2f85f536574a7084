import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchAcceptance, batchInputs } from '../support/batch-acceptance.js'
import { startCli, untilRecorded } from '../support/cli-process.js'
import { type CliRun, runCli } from '../support/run-cli.js'
import { sharedData, sharedDataFolder } from '../support/shared-data.js'
import { type HostName, type TwoHosts, twoHostsUnavailable, withTwoHosts } from '../support/two-hosts/index.js'
import { machineJdk, siteText } from './site.js'

interface Status {
  readonly healthy: boolean
  readonly roles: readonly {
    readonly role: string
    readonly host: string
    readonly state: string
    readonly summary: string
  }[]
}

interface Run {
  readonly outcome: string
  readonly steps: readonly {
    readonly id: string
    readonly state: string
    readonly failure?: { readonly code: string; readonly message: string }
  }[]
}

interface Verified {
  readonly comparisons: readonly {
    readonly mart: string
    readonly partition: string
    readonly right: string
    readonly rightRows: number
    readonly differences: number
  }[]
}

const jdk = machineJdk()
const unavailable =
  twoHostsUnavailable() ??
  (jdk === undefined ? 'needs a JDK' : undefined) ??
  (batchInputs.every((name) => sharedData(name) !== undefined) ? undefined : 'needs the shared data')

/** pilot.md, section 1. */
const placement = {
  server01: ['hmaster', 'namenode', 'postgres', 'resourcemanager', 'secondarynamenode'],
  server02: [
    'datanode',
    'flume',
    'hbase-rest',
    'hiveserver2',
    'kafka',
    'metastore',
    'nodemanager',
    'regionserver',
    'spark-thriftserver',
    'zookeeper',
  ],
} as const satisfies Record<HostName, readonly string[]>

/** Ports on which a program ignores its bind address: docs/apache.md, Firewall. */
const ignoreTheirAddress = [34545, 13562, 10003, 10004, 10005, 10006, 10007]

describe.skipIf(unavailable !== undefined)(
  `the pilot on two hosts over SSH (${unavailable ?? 'real services'})`,
  () => {
    let two: TwoHosts
    let folder: string
    let site: string
    const run = (args: readonly string[]): Promise<CliRun> =>
      runCli([...args, '--site', site], { cwd: folder, timeoutMs: 900_000 })
    const json = async <T>(args: readonly string[]): Promise<T> => {
      const { code, stdout, stderr } = await run([...args, '--json'])
      if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stdout}${stderr}`.slice(-6000))
      return (JSON.parse(stdout) as { result: T }).result
    }
    const untilHealthy = async () => {
      for (let tries = 0; tries < 60; tries++) {
        if ((await run(['cluster', 'status'])).code === 0) return
        await new Promise((resolve) => setTimeout(resolve, 2000))
      }
      throw new Error((await run(['cluster', 'status'])).stdout)
    }
    const runs = () => path.join(folder, 'data/.smartcar/runs')
    /** kill -9 of `smartcar <words>` once `begun` is true of it. */
    const killed = async (
      words: readonly string[],
      begun: (process: ReturnType<typeof startCli>) => Promise<boolean>,
    ) => {
      const process = startCli([...words, '--site', site])
      expect(await begun(process), `${words.join(' ')} ended before it was killed`).toBe(true)
      process.child.kill('SIGKILL')
      expect(await process.ended).toBe(-1)
    }

    beforeAll(async () => {
      if (jdk === undefined) return
      two = await withTwoHosts('el7', jdk.mounts)
      folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-two-hosts-'))
      site = path.join(folder, 'smartcar.yaml')
      await writeFile(site, siteText(two, jdk))
      await mkdir(path.join(folder, 'in'))
      for (const name of batchInputs) await cp(path.join(sharedDataFolder, name), path.join(folder, 'in', name))
    })
    afterAll(async () => {
      await two?.[Symbol.asyncDispose]()
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    })

    test('provision from bare hosts, killed while it ships software and while it starts services, is carried on', async () => {
      await killed(['provision', '--yes'], (process) =>
        untilRecorded(runs(), ['"start"', 'software/hive@server02'], process),
      )
      await killed(['provision', '--yes'], (process) =>
        untilRecorded(runs(), ['"start"', 'datanode/start@server02'], process, 1),
      )
      const { outcome, steps } = await json<Run>(['provision', '--yes'])
      expect(steps.filter(({ state }) => state !== 'ok' && state !== 'changed')).toEqual([])
      expect(outcome).toBe('done')
    })

    test('every service answers a real question on the host that the pilot gives it', async () => {
      await untilHealthy()
      const { roles } = await json<Status>(['cluster', 'status'])
      for (const [host, expected] of Object.entries(placement)) {
        const here = roles.filter((one) => one.host === host).map(({ role }) => role)
        expect(here).toEqual(expect.arrayContaining([...expected]))
      }
      expect(roles.filter(({ state }) => state !== 'healthy')).toEqual([])
      const said = new Map(roles.map(({ role, summary }) => [role, summary]))
      expect(said.get('namenode')).toBe('1 of 1 DataNodes live, safe mode off')
      expect(said.get('resourcemanager')).toBe('1 of 1 NodeManagers active')
      expect(said.get('hmaster')).toMatch(/^1 of 1 RegionServers live/)
      expect(said.get('hiveserver2')).toMatch(/^answered a query/)
    })

    test('a second provision changes nothing', async () => {
      const { outcome, steps } = await json<Run>(['provision', '--yes'])
      expect(steps.filter(({ state }) => state !== 'ok')).toEqual([])
      expect(outcome).toBe('unchanged')
    })

    test('no service runs as root, and none listens on every address but those that ignore theirs', async () => {
      for (const host of ['server01', 'server02'] as const) {
        const { stdout } = await two.exec(host, 'ss', '-ltnpH')
        const listeners = stdout.split('\n').flatMap((line) => {
          const [, , , local = ''] = line.trim().split(/\s+/)
          const port = Number(local.slice(local.lastIndexOf(':') + 1))
          return /"(java|postgres)"/.test(line) ? [{ address: local.slice(0, local.lastIndexOf(':')), port }] : []
        })
        expect(listeners.length).toBeGreaterThan(5)
        const own = two.addresses[host]
        const elsewhere = listeners.filter(({ address }) => ![own, `[::ffff:${own}]`].includes(address))
        expect(elsewhere.filter(({ port }) => !ignoreTheirAddress.includes(port))).toEqual([])
        const owners = await two.exec(host, 'sh', '-c', 'ps -o user= -C java,postgres | sort -u')
        expect(owners.stdout.trim()).toBe('smartcar')
      }
      const { stdout } = await run(['doctor', '--json'])
      const { results } = (
        JSON.parse(stdout) as {
          result: { results: { id: string; host?: string; state: string; evidence: string; remedy?: string }[] }
        }
      ).result
      const open = results.find(({ id, host }) => id === 'listen-addresses' && host === 'server02')
      expect(open).toMatchObject({ state: 'warning', evidence: expect.stringContaining('flume listens with metrics') })
      expect(open?.remedy).toContain(`-s ${two.addresses.server01} -j ACCEPT`)
    })

    test('shared data through Flume on server02 and WebHDFS, killed in both: every row, once', async () => {
      await json(['collect', 'in'])
      const notes = path.join(folder, 'data/.smartcar/load')
      await killed(['load'], async () => {
        for (let tries = 0; tries < 6000; tries++) {
          if ((await readdir(notes).catch(() => [])).length > 0) return true
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
        return false
      })
      const loading = startCli(['load', '--site', site], ['ignore', 'ignore', 'pipe'])
      const lines = createInterface({ input: loading.child.stderr as Readable })
      for await (const line of lines) if (line.includes('load status through Flume')) break
      await new Promise((resolve) => setTimeout(resolve, 1500))
      loading.child.kill('SIGKILL')
      await loading.ended
      const loaded = await json<{ kinds: { kind: string; way: string; rows: number }[] }>(['load'])
      expect(loaded.kinds.map(({ kind, way, rows }) => [kind, way, rows])).toEqual([
        ['status', 'flume', 108_005],
        ['drive', 'webhdfs', 216_005],
        ['master', 'webhdfs', 2600],
        ['purchases', 'webhdfs', 100_000],
      ])
      expect(await json(['load'])).toMatchObject({ changed: false })
    })

    test('the marts on Hive and on Spark are those of the embedded profile, row by row', async () => {
      const { comparisons } = await json<Verified>(['mart', 'verify', '--right', 'hive,spark', '--no-queries'])
      expect(comparisons.filter(({ differences }) => differences > 0)).toEqual([])
      for (const engine of ['hive', 'spark']) {
        const rows = comparisons.filter(({ right }) => right === engine)
        expect(
          Object.fromEntries(rows.map(({ mart, partition, rightRows }) => [`${mart} ${partition}`, rightRows])),
        ).toEqual(batchAcceptance)
      }
    })

    test('the symptom mart goes through SSH into the PostgreSQL of server01', async () => {
      interface Exported {
        readonly partitions: readonly { readonly rows: number; readonly status: string }[]
      }
      const mart = 'managed_smartcar_symptom_info'
      expect((await json<Exported>(['export', mart])).partitions).toMatchObject([{ rows: 5, status: 'exported' }])
      expect((await json<Exported>(['export', mart])).partitions).toMatchObject([{ rows: 5, status: 'unchanged' }])
    })

    test('pages and logs of a host come over SSH', async () => {
      const open = startCli(['cluster', 'open', 'namenode', '--site', site], ['ignore', 'pipe', 'ignore'])
      try {
        let url = ''
        for await (const line of createInterface({ input: open.child.stdout as Readable })) {
          url = /^namenode on server01: (http:\S+)$/.exec(line)?.[1] ?? ''
          break
        }
        expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
        const page = await fetch(`${url}jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo`)
        expect(await page.text()).toContain('server02.hadoop.com')
      } finally {
        open.child.kill('SIGINT')
        await open.ended
      }
      const logs = await run(['cluster', 'logs', 'hdfs', '--lines', '3'])
      expect(logs.stdout).toMatch(/^namenode@server01 \| /m)
      expect(logs.stdout).toMatch(/^datanode@server02 \| /m)
    })

    test('a host that another toolkit works on is left alone, and its holder is named', async () => {
      const holder = JSON.stringify({
        token: 'another',
        machine: 'boot/elsewhere',
        machineName: 'elsewhere',
        pid: 4711,
        purpose: 'smartcar provision',
        since: '2026-11-28T00:00:00.000Z',
      })
      await two.exec(
        'server02',
        'sh',
        '-c',
        `mkdir /var/run/smartcar.lock && echo '${holder}' >/var/run/smartcar.lock/holder`,
      )
      try {
        const refused = await run(['cluster', 'restart', 'flume', '--json'])
        expect(refused.code).toBe(1)
        expect(refused.stdout).toContain('HOST_LOCKED')
        expect(refused.stdout).toContain('server02 is being worked on by smartcar provision, pid 4711 on elsewhere')
      } finally {
        await two.exec('server02', 'rm', '-rf', '/var/run/smartcar.lock')
      }
      expect((await run(['cluster', 'status', 'flume'])).code).toBe(0)
    })

    test('a stop takes services against their needs, server02 before server01; a start brings all back, and every row', async () => {
      const { steps } = await json<Run>(['cluster', 'stop'])
      const stopped = steps.filter(({ state }) => state === 'changed').map(({ id }) => id.replace(/^undo:/, ''))
      const at = (id: string) => {
        expect(stopped).toContain(id)
        return stopped.indexOf(id)
      }
      const order: readonly [string, string][] = [
        ['datanode/start@server02', 'namenode/start@server01'],
        ['nodemanager/start@server02', 'resourcemanager/start@server01'],
        ['regionserver/start@server02', 'hmaster/start@server01'],
        ['hmaster/start@server01', 'zookeeper/start@server02'],
        ['spark-thriftserver/start@server02', 'metastore/start@server02'],
        ['metastore/start@server02', 'postgres/start@server01'],
      ]
      for (const [first, then] of order) expect(at(first), `${first} before ${then}`).toBeLessThan(at(then))
      for (const host of ['server01', 'server02'] as const) {
        expect((await two.exec(host, 'sh', '-c', 'ps -o pid= -C java,postgres | wc -l')).stdout.trim()).toBe('0')
      }
      expect(await json<Run>(['cluster', 'start'])).toMatchObject({ outcome: 'done' })
      await untilHealthy()
      const { comparisons } = await json<Verified>(['mart', 'verify', '--right', 'hive', '--no-build', '--no-queries'])
      expect(comparisons.filter(({ differences }) => differences > 0)).toEqual([])
    })
  },
)
