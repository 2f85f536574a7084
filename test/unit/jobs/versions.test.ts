import { expect, test } from 'vitest'
import { masterHost } from '../../../src/jobs/hbase/open.js'
import { versions } from '../../../src/jobs/software/versions.js'
import { versionsText } from '../../../src/render/versions.js'
import { hostsContext } from '../../support/hosts-context.js'

const site = `profile: apache
hosts: { here: { address: 127.0.0.1, connection: local, roles: [zookeeper, hmaster, namenode] } }
`

test('what is pinned, and that nothing is installed yet', async () => {
  await using context = await hostsContext(site)
  const found = await versions(context)
  expect(found.current).toBe(false)
  expect(found.products.find(({ product }) => product === 'zookeeper')).toMatchObject({
    pinned: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    hosts: [{ host: 'here', state: 'absent', roles: [{ role: 'zookeeper', state: 'stopped' }] }],
  })
  expect(found.products.find(({ product }) => product === 'kafka')?.hosts).toEqual([])
  const text = versionsText(found)
  expect(text).toMatch(/zookeeper +\S+ +here +absent +zookeeper \(stopped\)/)
  expect(text).toContain('smartcar provision')
})

test('another version on a host, and a role that waits for its restart', async () => {
  await using context = await hostsContext(site)
  const software = `${context.site.data}/services/software/zookeeper`
  await context.files.mkdir(software)
  await context.files.writeAtomic(`${software}/.smartcar-id`, '3.9.4-00000000\n')
  const service = `${context.site.data}/services/service.sh`
  await context.files.writeAtomic(
    service,
    'case $3 in zookeeper) echo "state: running"; echo "started: other";; esac\n',
  )
  const found = await versions(context)
  expect(found.products.find(({ product }) => product === 'zookeeper')?.hosts).toEqual([
    { host: 'here', state: 'outdated', installed: '3.9.4-00000000', roles: [{ role: 'zookeeper', state: 'outdated' }] },
  ])
  expect(versionsText(found)).toContain('zookeeper (restart pending)')
})

test('other profiles are told what it needs', async () => {
  await using context = await hostsContext('profile: embedded\n')
  await expect(versions(context)).rejects.toMatchObject({ code: 'NO_CLUSTER' })
})

test("HBase's tools run with its own class path and the Java of the host", async () => {
  await using context = await hostsContext(site)
  const { javaCommand, runOnHost } = masterHost(context)
  const [program, , script = ''] = javaCommand('hmaster', 'org.apache.hadoop.hbase.util.RegionSplitter', [
    't',
    '-c',
    '2',
  ])
  expect(program).toBe('sh')
  expect(script).toContain('/services/software/hbase/lib/*')
  expect(script).toContain('RegionSplitter t -c 2')
  expect(await runOnHost(['sh', '-c', 'echo here'])).toMatchObject({ code: 0, stdout: 'here\n' })
})
