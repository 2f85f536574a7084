import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { parseSystem, supportedFamily, systemSnippet } from '../../../../src/core/hosts/system.js'

const el7 = 'os.ID\tcentos\nos.ID_LIKE\trhel fedora\nos.VERSION_ID\t7\nos.PRETTY_NAME\tCentOS Linux 7 (Core)\n'

it.each([
  ['redhat-release\tCentOS release 6.10 (Final)\n', { family: 'el6', label: 'el6', name: 'CentOS', version: '6.10' }],
  [
    `redhat-release\tCentOS Linux release 7.9.2009 (Core)\n${el7}`,
    { family: 'el7', version: '7.9.2009', title: 'CentOS Linux release 7.9.2009 (Core)' },
  ],
  [el7, { family: 'el7', label: 'el7', title: 'CentOS Linux 7 (Core)' }],
  [
    'debian_version\t12.5\nos.PRETTY_NAME\tDebian GNU/Linux 12 (bookworm)\nos.ID\tdebian\nos.VERSION_ID\t12\n',
    { family: 'debian', label: 'debian12' },
  ],
  ['os.ID\tubuntu\nos.ID_LIKE\tdebian\nos.VERSION_ID\t22.04\n', { family: 'debian', label: 'ubuntu22.04' }],
  ['os.ID\tlinuxmint\nos.ID_LIKE\tubuntu debian\nos.VERSION_ID\t21\n', { family: 'debian', label: 'linuxmint21' }],
  ['redhat-release\tFedora release 39\nos.ID\tfedora\n', { family: undefined }],
  ['', { family: undefined, title: 'an unknown system', name: 'unknown', label: 'unknown' }],
])('tells the system from %j', (text, system) => {
  expect(parseSystem(text)).toMatchObject(system)
})

it('refuses what no step knows, by its name', () => {
  const rocky = parseSystem('redhat-release\tRocky Linux release 9.3 (Blue Onyx)\nos.ID\trocky\nos.ID_LIKE\trhel\n')
  expect(rocky.label).toBe('el9')
  expect(() => supportedFamily('server01', rocky)).toThrow(
    'server01 runs Rocky Linux release 9.3 (Blue Onyx), which smartcar cannot provision',
  )
})

it.runIf(process.platform === 'linux')('is printed by the snippet on this machine', () => {
  expect(parseSystem(execFileSync('sh', ['-c', systemSnippet], { encoding: 'utf8' })).label).not.toBe('unknown')
})
