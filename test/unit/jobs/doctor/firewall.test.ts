import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { rolePorts } from '../../../../src/core/hosts/role-ports.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import type { HostCheckInput } from '../../../../src/jobs/doctor/check.js'
import { firewall } from '../../../../src/jobs/doctor/checks/firewall.js'
import { ports } from '../../../../src/jobs/doctor/checks/ports.js'

function input(family: HostCheckInput['family'], setting = 'off'): HostCheckInput {
  const text = `hosts: {server01: {address: 10.0.0.11, roles: [namenode, kafka, flume]}}\nprovision: {firewall: ${setting}}\n`
  const site = resolveSite({ siteFile: { path: '/x/smartcar.yaml', text }, environment: {}, workingFolder: '/x' })
  const [host] = site.hosts
  if (host === undefined) throw new Error('no host')
  return { site, host, family }
}

const diagnose = (stdout: string, given = input('el7')) => firewall.interpret({ code: 0, stdout }, given)
const running = 'firewalld: present active enabled\niptables: absent inactive disabled\nrules: 0\n'

it('is fine when it is off, or not there', () => {
  expect(diagnose('firewalld: present inactive disabled\niptables: absent inactive disabled\nrules: 0\n')).toEqual({
    state: 'ok',
    evidence: 'firewalld stopped, not started at boot',
  })
  expect(diagnose('ufw: absent inactive disabled\nrules: 0\n', input('debian'))).toEqual({
    state: 'ok',
    evidence: 'no firewall is installed',
  })
})

it('is bad when it runs or would run after a boot, with the step that mends it', () => {
  expect(diagnose(running)).toMatchObject({
    state: 'bad',
    evidence: 'firewalld running, started at boot',
    remedy: 'smartcar provision --only firewall',
    fix: ['firewall'],
  })
  expect(diagnose('iptables: present inactive enabled\nrules: 0\n', input('el6'))).toMatchObject({
    state: 'bad',
    evidence: 'iptables stopped, started at boot',
  })
})

it('names the ports of the roles when the site keeps it, or rules come from elsewhere', () => {
  const open = 'let the other hosts reach namenode 8020 50070 9870, kafka 9092'
  expect(diagnose(running, input('el7', 'keep'))).toMatchObject({ state: 'warning', remedy: open })
  expect(diagnose('iptables: present inactive disabled\nrules: 3\n')).toMatchObject({
    state: 'warning',
    evidence: 'iptables stopped, not started at boot; 3 rules of iptables refuse what comes in',
    remedy: expect.stringContaining(open),
  })
})

it.each(['el6', 'el7', 'debian'] as const)('asks in words that sh can read: %s', (family) => {
  execFileSync('sh', ['-n'], { input: firewall.shell(input(family)) })
})

it('has ports for every role that listens, and finds who has taken one', () => {
  expect(Object.entries(rolePorts).flatMap(([role, list]) => (list.length === 0 ? [role] : []))).toEqual([
    'flume',
    'sqoop-client',
  ])
  const free = ports.interpret({ code: 0, stdout: '' }, input('el7'))
  expect(free).toEqual({ state: 'ok', evidence: 'free: namenode 8020 50070 9870, kafka 9092' })
  const stdout = 'LISTEN 0 511 *:9092 *:* users:(("nginx",pid=7,fd=6))\n'
  expect(ports.interpret({ code: 0, stdout }, input('el7'))).toMatchObject({
    state: 'bad',
    evidence: '9092 (kafka) by nginx, pid 7',
  })
})
