import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveSite } from '../../../src/core/site/resolve.js'
import { renderVagrantfile, type VmContext, vmDestroy, vmHalt, vmStatus, vmUp } from '../../../src/jobs/vm/vm.js'
import { type TestContext, testContext } from '../../support/context.js'
import { expectGolden } from '../../support/golden.js'

const siteText = `name: pilot
hosts:
  server01: { address: 192.168.56.101 }
  server02: { address: 192.168.56.102 }
`
/** Keeps a machine's state in a file each, answers as Vagrant does, and writes down what it was asked. */
const fakeVagrant = `#!/bin/bash
echo "$*" >>calls
[ -e broken ] && { echo 'Vagrant could not detect VirtualBox! Make sure VirtualBox is properly installed.' >&2; exit 1; }
case $1 in
  status) for n in server01 server02; do echo "1700000000,$n,metadata,provider,virtualbox"; echo "1700000000,$n,state,$(cat $n 2>/dev/null || echo not_created)"; done ;;
  up) echo "==> server01: Importing base box"; echo "==> server01: warned" >&2; [ -p go ] && read _ <go; for n in server01 server02; do echo running >$n; done ;;
  halt) for n in server01 server02; do echo poweroff >$n; done ;;
  destroy) rm -f server01 server02 ;;
  ssh-config) printf 'Host server01\\n  HostName 127.0.0.1\\n  Port 2222\\n' ;;
esac
`
let base: TestContext
let context: VmContext
let folder: string
const searched = process.env.PATH

beforeEach(async () => {
  base = await testContext()
  folder = path.join(base.layout.root, 'vm')
  const programs = path.join(base.layout.root, 'bin')
  await mkdir(programs, { recursive: true })
  await writeFile(path.join(programs, 'vagrant'), fakeVagrant)
  await chmod(path.join(programs, 'vagrant'), 0o755)
  process.env.PATH = `${programs}:${searched}`
  const site = resolveSite({
    siteFile: { path: '/site/smartcar.yaml', text: siteText },
    environment: {},
    workingFolder: '/',
  })
  context = { ...base, site }
})
afterEach(async () => {
  process.env.PATH = searched
  await base[Symbol.asyncDispose]()
})
const calls = async () => (await readFile(path.join(folder, 'calls'), 'utf8')).trim().split('\n')

it('renders the Vagrantfile of the site', async () => {
  expectGolden('test/golden/Vagrantfile', await renderVagrantfile(context))
})

it('wants IPv4 addresses', async () => {
  const [first] = context.site.hosts
  if (first === undefined) throw new Error('no host')
  const named = { ...context, site: { ...context.site, hosts: [{ ...first, address: 'server01.lan' }] } }
  await expect(renderVagrantfile(named)).rejects.toMatchObject({ code: 'VM_ADDRESS_INVALID' })
})

it('starts, is done when they run, stops and deletes', async () => {
  expect(await vmStatus(context)).toMatchObject({
    hosts: [{ host: 'server01', state: 'not_created' }, { state: 'not_created' }],
  })
  const first = await vmUp(context)
  expect(first).toMatchObject({ status: 'done', hosts: [{ state: 'running' }, { state: 'running' }] })
  expect(await readFile(path.join(folder, 'ssh_config'), 'utf8')).toContain('Port 2222')
  expect(await vmUp(context)).toMatchObject({ status: 'unchanged' })
  expect((await calls()).filter((call) => call.startsWith('up'))).toEqual(['up --provider virtualbox'])
  expect(await vmHalt(context)).toMatchObject({ status: 'done', hosts: [{ state: 'poweroff' }, { state: 'poweroff' }] })
  expect(await vmHalt(context)).toMatchObject({ status: 'unchanged' })
  await expect(vmDestroy({ confirm: undefined }, context)).rejects.toMatchObject({
    code: 'CONFIRM_NEEDED',
    exitCode: 2,
  })
  await expect(vmDestroy({ confirm: 'other' }, context)).rejects.toMatchObject({ code: 'CONFIRM_NEEDED' })
  expect(await vmDestroy({ confirm: 'pilot' }, context)).toMatchObject({ status: 'done' })
  expect(await vmDestroy({ confirm: 'pilot' }, context)).toMatchObject({ status: 'unchanged' })
})

it('shows what Vagrant says while it works', async () => {
  await vmStatus(context)
  // Vagrant goes on when it is told so, which happens after its lines were seen.
  spawnSync('sh', ['-c', 'mkfifo go'], { cwd: folder })
  const running = vmUp(context)
  const notes = () => base.events.flatMap((event) => (event.t === 'note' ? [event.text] : [])).sort()
  while (notes().length < 2) await delay(5)
  expect(notes()).toEqual(['==> server01: Importing base box', '==> server01: warned'])
  expect(base.events.some((event) => event.t === 'stage.end')).toBe(false)
  await writeFile(path.join(folder, 'go'), 'go\n')
  expect(await running).toMatchObject({ status: 'done' })
})

it('says what to install when Vagrant or VirtualBox is missing', async () => {
  await vmStatus(context)
  await writeFile(path.join(folder, 'broken'), '')
  const broken = await vmUp(context).catch((error: unknown) => error)
  expect(broken).toMatchObject({ code: 'VAGRANT_FAILED', hints: [expect.stringContaining('install VirtualBox')] })
  process.env.PATH = path.join(base.layout.root, 'nothing')
  const absent = await vmUp(context).catch((error: unknown) => error)
  expect(absent).toMatchObject({
    code: 'VAGRANT_ABSENT',
    hints: [expect.stringContaining('Vagrant'), expect.stringContaining('hosts that exist')],
  })
})

const installed = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

describe.skipIf(!installed('vagrant'))('with the real Vagrant', () => {
  beforeEach(() => {
    process.env.PATH = searched
    process.env.VAGRANT_HOME = path.join(base.layout.root, 'vagrant-home')
  })
  afterEach(() => {
    delete process.env.VAGRANT_HOME
  })

  it('renders a Vagrantfile that it finds valid', async () => {
    await mkdir(folder, { recursive: true })
    await writeFile(path.join(folder, 'Vagrantfile'), await renderVagrantfile(context))
    const result = await context.processes.run(['vagrant', 'validate', '--ignore-provider'], { cwd: folder })
    expect(result, result.stderr).toMatchObject({ code: 0 })
  })

  it.skipIf(installed('VBoxManage'))('says that VirtualBox is missing', async () => {
    const error = await vmStatus(context).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'VAGRANT_FAILED', hints: [expect.stringContaining('install VirtualBox')] })
  })
})
