import { expect, it } from 'vitest'
import { InvalidError } from '../../../../src/core/errors.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'

const site = (text: string, environment: Record<string, string> = {}) =>
  resolveSite({
    siteFile: { path: '/pilot/smartcar.yaml', text },
    environment: { HOME: '/home/me', ...environment },
    workingFolder: '/',
  })

it('fills in defaults: pilot placement, FQDN, strict host keys', () => {
  const { hosts, domain } = site(
    'hosts:\n  server01: { address: 10.0.0.1 }\n  server02: { address: 10.0.0.2, roles: [kafka] }\n',
  )
  expect(domain).toBe('hadoop.com')
  expect(hosts.map(({ name, fqdn }) => [name, fqdn])).toEqual([
    ['server01', 'server01.hadoop.com'],
    ['server02', 'server02.hadoop.com'],
  ])
  expect(hosts[0]?.roles).toContain('namenode')
  expect(hosts[1]?.roles).toEqual(['kafka'])
  expect(hosts[0]?.ssh).toMatchObject({
    hostKey: 'strict',
    legacy: false,
    sudo: {},
    config: false,
    connectTimeoutMs: 15_000,
  })
})

it('lets a host override the site, and resolves paths against the site file and home', () => {
  const { hosts } = site(`
ssh: { user: root, key_file: keys/id, password_env: SITE_PW, sudo: { password_file: secrets/sudo }, known_hosts: ~/known }
hosts:
  server01: { address: a }
  server02: { address: b, ssh: { user: admin, password_file: pw, sudo: false, legacy_ssh: true, connect_timeout: 3 } }
`)
  expect(hosts[0]?.ssh).toMatchObject({
    user: 'root',
    keyFile: '/pilot/keys/id',
    password: { env: 'SITE_PW' },
    sudo: { password: { file: '/pilot/secrets/sudo' } },
    knownHosts: '/home/me/known',
  })
  expect(hosts[1]?.ssh).toMatchObject({
    user: 'admin',
    password: { file: '/pilot/pw' },
    sudo: false,
    legacy: true,
    connectTimeoutMs: 3000,
  })
})

it.each([
  [
    'hosts:\n  server01: { address: a, ssh: { password: secret } }\n',
    /unknown key "hosts.server01.ssh.password".*password_/,
  ],
  ['hosts:\n  server01: { address: a, roles: [namenod] }\n', /roles/],
  ['hosts:\n  server01: {}\n', /address/],
  ['hosts:\n  Server_01: { address: a }\n', /host name/],
  ['ssh: { password_file: a, password_env: B }\n', /keep one/],
  ['ssh: { host_key: MD5:aa }\n', /fingerprint/],
  ['ssh: { host_key: off }\n', /host_key/],
])('refuses %j', (text, message) => {
  try {
    site(text)
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError)
    const texts = (error as InvalidError).diagnostics.map((problem) => problem.message).join('\n')
    expect(texts).toMatch(message)
  }
})
