import { expect, test } from 'vitest'
import { defaultPorts, serviceNames, serviceRoles, startOrder, webPort } from '../../../src/core/cluster/catalog.js'
import { clusterOf } from '../../../src/core/cluster/cluster.js'
import { roleNames } from '../../../src/core/hosts/roles.js'
import { resolveSite } from '../../../src/core/site/resolve.js'

const site = (text: string) =>
  resolveSite({ siteFile: { path: '/site/smartcar.yaml', text }, environment: {}, workingFolder: '/site' })

test('without hosts the services run on this machine, below the data folder', () => {
  const cluster = clusterOf(site('profile: apache'))
  expect(cluster.hosts).toMatchObject([
    {
      name: 'localhost',
      node: '127.0.0.1',
      local: true,
      roles: serviceRoles.slice().sort((a, b) => roleNames.indexOf(a) - roleNames.indexOf(b)),
      folders: { root: '/site/smartcar-data/services', conf: '/site/smartcar-data/services/conf' },
    },
  ])
  expect(cluster.services).toEqual(serviceNames)
})

test('on two hosts the roles are where the pilot has them, under their full names', () => {
  const cluster = clusterOf(
    site('profile: apache\nhosts: { server01: { address: 10.0.0.1 }, server02: { address: 10.0.0.2 } }'),
  )
  expect(cluster.endpoint('namenode', 'http')).toEqual({
    host: 'server01',
    node: 'server01.hadoop.com',
    address: '10.0.0.1',
    port: 9870,
  })
  expect(cluster.endpoint('kafka', 'client')).toMatchObject({ host: 'server02', port: 9092 })
  expect(cluster.addressOf('server02.hadoop.com')).toBe('10.0.0.2')
  expect(cluster.addressOf('elsewhere')).toBeUndefined()
  expect(cluster.hosts.map(({ folders }) => folders.root)).toEqual(['/opt/smartcar', '/opt/smartcar'])
})

test('ports, heaps and properties of the site win over the defaults', () => {
  const cluster = clusterOf(
    site(`profile: apache
services:
  hdfs:
    namenode: { http: 20070, heap: 1G }
    properties: { hdfs-site.xml: { dfs.replication: 2 } }`),
  )
  expect(cluster.portsOf('namenode')).toEqual({ rpc: 8020, http: 20070 })
  expect(cluster.heap('namenode')).toBe(1024)
  expect(cluster.heap('datanode')).toBe(384)
  expect(cluster.heap('zookeeper')).toBe(128)
  expect(cluster.properties('hdfs', 'hdfs-site.xml')).toEqual({ 'dfs.replication': '2' })
})

test('a port that a role does not have is refused with its line', () => {
  expect(() => site('profile: apache\nservices:\n  kafka:\n    kafka: { rest: 1 }')).toThrow(
    expect.objectContaining({
      code: 'SITE_INVALID',
      diagnostics: [expect.objectContaining({ place: expect.objectContaining({ line: 4 }) })],
    }),
  )
})

test('what the site does not run is an error that names the key', () => {
  const cluster = clusterOf(site('profile: apache\nhosts: { one: { address: 10.0.0.1, roles: [namenode, datanode] } }'))
  expect(cluster.services).toEqual(['hdfs'])
  expect(() => cluster.endpoint('kafka', 'client')).toThrow(expect.objectContaining({ code: 'ROLE_NOT_PLACED' }))
  expect(() => clusterOf(site('profile: embedded'))).toThrow(expect.objectContaining({ code: 'NO_CLUSTER' }))
})

test('every service starts after what it needs', () => {
  expect(startOrder(['spark', 'hive', 'hbase', 'zookeeper', 'hdfs'])).toEqual([
    'zookeeper',
    'hdfs',
    'hbase',
    'hive',
    'spark',
  ])
  expect(startOrder(serviceNames).indexOf('flume')).toBeGreaterThan(startOrder(serviceNames).indexOf('kafka'))
})

test('no two roles share a default port, and a web port is one of the role', () => {
  const ports = serviceRoles.flatMap((role) => Object.values(defaultPorts(role)))
  expect(new Set(ports).size).toBe(ports.length)
  for (const role of serviceRoles) {
    const web = webPort(role)
    if (web !== undefined) expect(defaultPorts(role)).toHaveProperty(web)
  }
})
