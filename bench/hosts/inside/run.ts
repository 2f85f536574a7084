// Runs inside the namespaces of run-isolated.sh; prints the rows as JSON.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { planProvision, provision } from '../../../src/jobs/provision/provision.js'
import { hostsContext } from '../../../test/support/hosts-context.js'
import { type TwoHosts, withTwoHosts } from '../../../test/support/two-hosts/index.js'
import type { BenchRow } from '../../support.js'

const runs = 3
const uploadBytes = 500_000_000
const here = await mkdtemp(path.join(os.tmpdir(), 'smartcar-bench-hosts-'))

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

/** Least of several runs: the machine is shared. */
async function least(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) best = Math.min(best, await seconds(work))
  return best
}

async function noChange(two: TwoHosts): Promise<BenchRow[]> {
  // A locale that the harness has.
  const site = () => hostsContext(two.siteFile({ extra: 'provision: { locale: C.UTF-8 }' }))
  const all = { hosts: [], only: [] }
  {
    await using context = await site()
    await provision({ ...all, resume: false, confirm: async () => true }, context)
  }
  const bare = await least(async () => {
    await using context = await site()
    await Promise.all(context.site.hosts.map(async ({ name }) => (await context.transports.open(name)).script('true')))
  })
  let trips = 0
  let changes = 0
  const check = await least(async () => {
    await using context = await site()
    const result = await planProvision(all, undefined, context)
    trips = Math.max(...Object.values(result.roundTrips))
    changes = result.plan.counts.change
  })
  const against = 'log in to both hosts, one round trip each'
  return [
    { name: against, rows: 2, seconds: bare, rowsPerSecond: 2 / bare, note: 'wall' },
    {
      name: 'provision with nothing to change, both hosts',
      rows: 2,
      seconds: check,
      rowsPerSecond: 2 / check,
      ratio: bare / check,
      against,
      note: `wall; ${trips} round trips a host, ${changes} changes`,
    },
  ]
}

async function upload(two: TwoHosts): Promise<BenchRow[]> {
  const file = path.join(here, 'upload')
  {
    await using target = await open(file, 'w')
    const block = randomBytes(1_000_000)
    for (let at = 0; at < uploadBytes; at += block.byteLength) {
      block.writeUInt32LE(at % 2 ** 32)
      await target.write(block)
    }
  }
  const address = two.addresses.server01
  const options = ['-q', '-i', two.keyFile, '-o', `UserKnownHostsFile=${two.knownHosts}`]
  const must = (program: string, ...words: string[]) => {
    const result = spawnSync(program, words, { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`)
  }
  const wipe = () => two.exec('server01', 'rm', '-f', '/root/by-scp', '/root/by-smartcar')
  await using context = await hostsContext(two.siteFile())
  const host = await context.transports.open('server01')
  await host.connect()
  let scp = Number.POSITIVE_INFINITY
  let scpChecked = Number.POSITIVE_INFINITY
  let own = Number.POSITIVE_INFINITY
  let sent = 0
  let growth = 0
  // In turns, so that a busy minute of the machine meets both.
  for (let run = 0; run < runs; run++) {
    await wipe()
    const copied = await seconds(async () => must('scp', ...options, file, `root@${address}:/root/by-scp`))
    const compared = await seconds(async () => {
      must('sha256sum', file)
      must('ssh', ...options, `root@${address}`, 'sha256sum /root/by-scp')
    })
    scp = Math.min(scp, copied)
    scpChecked = Math.min(scpChecked, copied + compared)
    await wipe()
    let early = 0
    let highest = 0
    let last = 0
    const begin = performance.now()
    const took = await seconds(() =>
      host.upload(file, '/root/by-smartcar', {
        onProgress: (done) => {
          const { rss } = process.memoryUsage()
          if (done < uploadBytes / 5) early = Math.max(early, rss)
          highest = Math.max(highest, rss)
          last = (performance.now() - begin) / 1000
        },
      }),
    )
    if (took < own) {
      own = took
      sent = last
    }
    growth = Math.max(growth, highest - early)
  }
  await wipe()
  const megabytes = uploadBytes / 1e6
  const row = (name: string, time: number, more: Partial<BenchRow> = {}): BenchRow => ({
    name,
    rows: megabytes,
    seconds: time,
    rowsPerSecond: megabytes / time,
    note: 'MB, wall',
    ...more,
  })
  return [
    row('scp, 500 MB', scp),
    row('scp, then sha256sum on both sides', scpChecked),
    row('upload, the transfer alone', sent, { ratio: scp / sent, against: 'scp, 500 MB' }),
    row('upload, with SHA-256 and rename', own, {
      ratio: scpChecked / own,
      against: 'scp, then sha256sum on both sides',
      note: `MB, wall; memory grew by ${Math.round(growth / 1e6)} MB after the first 100 MB`,
    }),
  ]
}

try {
  await using two = await withTwoHosts('el7')
  const rows = [...(await noChange(two)), ...(await upload(two))]
  process.stdout.write(JSON.stringify(rows))
} finally {
  await rm(here, { recursive: true, force: true })
}
