import { describe, expect, it } from 'vitest'
import { clusterText, topText } from '../../../src/render/cluster.js'
import { expectGolden } from '../../support/golden.js'

type Roles = Parameters<typeof clusterText>[0]['roles']

const roles: Roles = [
  {
    service: 'zookeeper',
    role: 'zookeeper',
    host: 'server02',
    state: 'healthy',
    summary: 'standalone, 27 znodes',
    hints: ['not to be told'],
    uptime: 3725,
    memory: 91_234_304,
    cpu: 0.0149,
  },
  {
    service: 'hdfs',
    role: 'namenode',
    host: 'server01',
    state: 'starting',
    summary: '0 of 2 DataNodes live, safe mode on',
    hints: ['smartcar doctor --fix'],
    uptime: 12,
    memory: 312_000_000,
    cpu: 1.234,
  },
  {
    service: 'hdfs',
    role: 'datanode',
    host: 'server01',
    state: 'unreachable',
    summary: 'server01: no way to the host',
    hints: ['is it on?'],
  },
  {
    service: 'hdfs',
    role: 'datanode',
    host: 'server02',
    state: 'stopped',
    summary: 'stopped',
    hints: ['smartcar cluster start'],
  },
  {
    service: 'spark',
    role: 'spark-thriftserver',
    host: 'server02',
    state: 'unhealthy',
    summary: 'given up\u001b[31m',
    hints: ['given up after several quick ends: see its log', 'twice', 'twice'],
    memory: 0,
  },
]

describe('cluster status', () => {
  it('is a table, what to do, and how many are healthy', () => {
    expectGolden('test/golden/apache/status.txt', clusterText({ roles, healthy: false }))
  })

  it('has no advice when all is well', () => {
    expectGolden('test/golden/apache/status-healthy.txt', clusterText({ roles: roles.slice(0, 1), healthy: true }))
  })

  it('gives each advice once, and none of the terminal’s controls', () => {
    const text = clusterText({ roles, healthy: false })
    expect(text.match(/spark-thriftserver on server02: twice\n/g)).toHaveLength(1)
    expect(text).not.toContain('not to be told')
    expect(text).not.toContain('\u001b')
    expect(text).toMatch(/\nunhealthy: 1 of 5 roles, 403 MB of memory\n$/)
  })

  it('without roles says so', () => {
    expect(clusterText({ roles: [], healthy: true })).toMatch(/\nhealthy: 0 of 0 roles, 0 B of memory\n$/)
  })
})

describe('cluster top', () => {
  it('has the processes, the largest first', () => {
    const text = topText({ roles })
    expectGolden('test/golden/apache/top.txt', text)
    expect([...text.matchAll(/^(\S+) +server/gm)].map(([, role]) => role)).toEqual([
      'namenode',
      'zookeeper',
      'spark-thriftserver',
    ])
  })
})
