import { expect, it } from 'vitest'
import { parseFacts } from '../../../../src/core/hosts/facts.js'

const el6 = `hostName\tserver01.hadoop.com
fqdn\tserver01.hadoop.com
address\t192.168.56.101
redhat-release\tCentOS release 6.10 (Final)
kernel\t2.6.32-754.el6.x86_64
architecture\tx86_64
init\tsysv
package\tyum
mem.MemTotal:\t3922460
mem.MemFree:\t1000000
mem.Buffers:\t200000
mem.Cached:\t300000
mem.SwapTotal:\t1048576
cores\t2
disk\t/\text4\t30000000\t20000000
disk\t/data 1\txfs\t100\t50
python\t2.6.6
java\t/usr/java/jdk1.7.0_67-cloudera/bin/java\tjava version "1.7.0_67"
java\t/usr/bin/java\topenjdk version "1.8.0_412"
java\t/usr/bin/java\topenjdk version "1.8.0_412"
selinux\tEnforcing
clock\t1700000000123
uptime\t86400.5
`

it('reads a CentOS 6 host, whose kernel does not say what is available', () => {
  const facts = parseFacts(el6)
  expect(facts).toMatchObject({
    os: { name: 'CentOS', version: '6.10', family: 'el6' },
    init: 'sysv',
    packages: ['yum'],
    memory: { total: 3_922_460 * 1024, available: 1_500_000 * 1024, swap: 1024 ** 3 },
    cores: 2,
    python: ['2.6.6'],
    java: [
      { path: '/usr/java/jdk1.7.0_67-cloudera/bin/java', version: '1.7.0_67' },
      { path: '/usr/bin/java', version: '1.8.0_412' },
    ],
    selinux: 'Enforcing',
    clock: 1_700_000_000_123,
  })
  expect(facts.disks).toEqual([
    { mount: '/', type: 'ext4', size: 30_000_000 * 1024, free: 20_000_000 * 1024 },
    { mount: '/data 1', type: 'xfs', size: 102_400, free: 51_200 },
  ])
})

it.each([
  ['redhat-release\tCentOS Linux release 7.9.2009 (Core)', { name: 'CentOS', version: '7.9.2009', family: 'el7' }],
  ['redhat-release\tRed Hat Enterprise Linux Server release 7.6 (Maipo)', { version: '7.6', family: 'el7' }],
  [
    'os.ID\tdebian\nos.VERSION_ID\t12\nos.PRETTY_NAME\tDebian GNU/Linux 12 (bookworm)',
    { version: '12', family: 'debian12' },
  ],
  ['os.ID\tubuntu\nos.VERSION_ID\t22.04\nos.PRETTY_NAME\tUbuntu 22.04.3 LTS', { family: 'ubuntu22.04' }],
  ['', { name: 'unknown', version: '', family: 'unknown' }],
])('tells the system from %j', (text, os) => {
  expect(parseFacts(text).os).toMatchObject(os)
})

it('takes an empty answer', () => {
  expect(parseFacts('')).toMatchObject({
    hostName: '',
    cores: 0,
    disks: [],
    java: [],
    init: 'unknown',
    memory: { total: 0 },
  })
})
