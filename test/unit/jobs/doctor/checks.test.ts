import { expect, it } from 'vitest'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import type { HostCheck, HostCheckInput } from '../../../../src/jobs/doctor/check.js'
import { diskSpace, inodes } from '../../../../src/jobs/doctor/checks/disk.js'
import { leftovers } from '../../../../src/jobs/doctor/checks/leftovers.js'
import { names } from '../../../../src/jobs/doctor/checks/names.js'
import { ports } from '../../../../src/jobs/doctor/checks/ports.js'
import { hugePages, java, memory, selinux, system } from '../../../../src/jobs/doctor/checks/system.js'

const text = `hosts:
  server01: { address: 10.0.0.11, roles: [namenode, resourcemanager] }
  server02: { address: 10.0.0.12, roles: [zookeeper, hue, hiveserver2] }
`
const site = resolveSite({ siteFile: { path: '/x/smartcar.yaml', text }, environment: {}, workingFolder: '/x' })
const [server01, server02] = site.hosts
if (server01 === undefined || server02 === undefined) throw new Error('no hosts')

const judge = (check: HostCheck, stdout: string, more: Partial<HostCheckInput> = {}) =>
  check.interpret({ code: 0, stdout }, { site, host: server02, family: 'el7', ...more })

it('compares names both ways with the site, and names each that differs', () => {
  const fine = `own server02.hadoop.com
forward server01.hadoop.com 10.0.0.11
backward server01.hadoop.com server01.hadoop.com
forward server02.hadoop.com 10.0.0.12
backward server02.hadoop.com server02.hadoop.com
`
  expect(judge(names, fine).state).toBe('ok')
  const wrong = fine
    .replace('own server02.hadoop.com', 'own localhost')
    .replace('forward server01.hadoop.com 10.0.0.11', 'forward server01.hadoop.com 127.0.0.1')
    .replace('backward server02.hadoop.com server02.hadoop.com', 'backward server02.hadoop.com ')
  expect(judge(names, wrong)).toMatchObject({
    state: 'bad',
    evidence:
      'it calls itself localhost, not server02.hadoop.com; server01.hadoop.com is 127.0.0.1, not 10.0.0.11; 10.0.0.12 is nothing, not server02.hadoop.com',
    fix: ['hostname', 'hosts-file'],
  })
})

it('reads disks and inodes from df, bad above 90 %', () => {
  const df = (used: number) => `/dev/sda1 1000000 ${used}0000 100000 ${used}% /data disk\n/dev/sdb1 10 1 9 10% /\n`
  expect(judge(diskSpace, df(90)).state).toBe('ok')
  expect(judge(diskSpace, df(91))).toMatchObject({
    state: 'bad',
    evidence: expect.stringMatching(/^\/data disk 91 % used/),
  })
  expect(judge(inodes, `${df(95)}inodes\n`)).toMatchObject({ state: 'bad', evidence: '/data disk 95 % used' })
  expect(judge(inodes, 'btrfs 0 0 0 - /\ninodes\n').state).toBe('ok')
  expect(judge(diskSpace, '').state).toBe('unknown')
})

it('compares memory with what the roles of the host need', () => {
  expect(judge(memory, 'MemTotal: 33554432\n', { host: server01 }).state).toBe('ok')
  expect(judge(memory, 'MemTotal: 524288\n')).toMatchObject({
    state: 'warning',
    evidence: expect.stringMatching(/; its 3 roles need .* at least$/),
    remedy: expect.stringMatching(/leave out (hue|hiveserver2)/),
  })
})

it('says who has a port, also when it is the platform', () => {
  const listener = (port: number, name: string) => `LISTEN 0 50 *:${port} *:* users:(("${name}",pid=77,fd=6))\n`
  expect(judge(ports, listener(2181, 'java'))).toEqual({
    state: 'ok',
    evidence: 'taken by the platform: 2181 (zookeeper) by java, pid 77; the others are free',
  })
  expect(judge(ports, listener(10000, 'webmin') + listener(22, 'sshd'))).toMatchObject({
    state: 'bad',
    evidence: '10000 (hiveserver2) by webmin, pid 77',
  })
  // netstat of CentOS 6.
  expect(judge(ports, 'tcp 0 0 0.0.0.0:2181 0.0.0.0:* LISTEN 99/nginx\n').evidence).toBe(
    '2181 (zookeeper) by nginx, pid 99',
  )
})

it('wants Java 8 or newer', () => {
  const found = (path: string, version: string) => `path: ${path}\nversion: java version "${version}"\n`
  const linked = '/usr/java/default/bin/java'
  for (const version of ['1.8.0_412', '11.0.2', '17', '21.0.1'])
    expect(judge(java, found(linked, version)).state, version).toBe('ok')
  expect(judge(java, found('/usr/bin/java', '1.7.0_67'))).toMatchObject({
    state: 'bad',
    evidence: '/usr/bin/java: java version "1.7.0_67"',
    fix: ['jdk', 'java-home'],
  })
  // The step leaves a link that works: only the site can name another.
  const old = judge(java, found(linked, '1.6.0'))
  expect(old).toMatchObject({ state: 'bad', remedy: expect.stringContaining('provision.jdk.home') })
  expect(old.fix).toBeUndefined()
  expect(judge(java, '')).toMatchObject({ state: 'bad', fix: ['jdk', 'java-home'] })
})

it('knows SELinux, huge pages, leftovers and systems that nothing is made for', () => {
  expect(judge(selinux, 'Enforcing\n')).toMatchObject({ state: 'bad', fix: ['selinux'] })
  expect(['Permissive\n', 'Disabled\n', 'absent\n'].map((mode) => judge(selinux, mode).state)).toEqual([
    'ok',
    'ok',
    'ok',
  ])
  expect(judge(hugePages, 'always madvise [never]\n').state).toBe('ok')
  expect(judge(hugePages, '[always] madvise never\n')).toMatchObject({ state: 'bad', evidence: 'always' })
  expect(judge(leftovers, '').state).toBe('ok')
  expect(judge(leftovers, '/dfs/nn\ncloudera-manager-agent-5.16.2\n')).toMatchObject({
    state: 'warning',
    evidence: '/dfs/nn, cloudera-manager-agent-5.16.2',
  })
  expect(judge(system, 'release: Rocky Linux release 9.3\n', { family: undefined }).state).toBe('bad')
})
