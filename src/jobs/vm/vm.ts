import path from 'node:path'
import { FailedError, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { JobContext, RunResult } from '../../core/ports.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { VmDefinition } from '../../core/site/vm-schema.js'
import { renderTemplate } from '../../render/template.js'
import { chooseHosts } from '../hosts/side-by-side.js'

export interface VmContext extends JobContext {
  readonly site: { readonly name: string; readonly hosts: readonly SiteHost[]; readonly vm: VmDefinition }
}

export interface VmState {
  readonly host: string
  /** As Vagrant says it: `running`, `poweroff`, `not_created`, … */
  readonly state: string
}

export interface VmResult {
  readonly folder: string
  readonly status: 'done' | 'unchanged'
  readonly hosts: readonly VmState[]
}

/** The first start downloads a box and boots the machines. */
const slowestMs = 60 * 60_000

/** The Vagrantfile of a site: VirtualBox, a private network, nothing shared. */
export async function renderVagrantfile(context: VmContext): Promise<string> {
  const hosts = chooseHosts(context.site.hosts).filter((host) => host.connection === 'ssh')
  const named = hosts.find((host) => !/^\d+(\.\d+){3}$/.test(host.address))
  if (named !== undefined) {
    throw new UsageError(
      'VM_ADDRESS_INVALID',
      `${named.name}: a virtual machine needs an IPv4 address, not ${named.address}`,
      {
        hints: [`set hosts.${named.name}.address, for example 192.168.56.101`],
      },
    )
  }
  const file = path.join(context.templates, '..', 'provisioning', 'Vagrantfile.eta')
  const template = await context.files.readText(file)
  if (template === undefined)
    throw new FailedError('TEMPLATE_ABSENT', `the template ${file} is missing`, { hints: ['install smartcar again'] })
  return renderTemplate(template, { site: context.site.name, ...context.site.vm, hosts })
}

type OnLine = (line: string) => void

async function vagrant(
  context: VmContext,
  folder: string,
  words: readonly string[],
  onLine: OnLine | undefined,
): Promise<RunResult> {
  try {
    return await context.processes.run(['vagrant', ...words], {
      cwd: folder,
      signal: context.signal,
      timeoutMs: slowestMs,
      ...(onLine === undefined ? {} : { onLine }),
      env: { VAGRANT_NO_COLOR: '1', VAGRANT_DEFAULT_PROVIDER: 'virtualbox' },
    })
  } catch (error) {
    if (context.signal.aborted) throw error
    throw new FailedError('VAGRANT_ABSENT', 'Vagrant cannot be started', {
      cause: error,
      hints: [
        'install VirtualBox and Vagrant (both from their makers: distributions carry old ones or none)',
        'or use hosts that exist: give their addresses and ssh settings in the site file, and skip smartcar vm',
      ],
    })
  }
}

/** Its complaint, line by line: on stderr, or with --machine-readable in a row `time,,error-exit,class,text` on stdout. */
function whatItSaid({ stdout, stderr }: RunResult): readonly string[] {
  const [, row] = /^\d+,[^,]*,error-exit,[^,]*,(.*)$/m.exec(stdout) ?? []
  const text = row?.replaceAll('%!(VAGRANT_COMMA)', ',').replaceAll('\\n', '\n') ?? `${stderr}\n${stdout}`
  return text.split('\n').filter((line) => line.trim() !== '')
}

async function must(context: VmContext, folder: string, words: readonly string[], onLine?: OnLine): Promise<RunResult> {
  const result = await vagrant(context, folder, words, onLine)
  if (result.code === 0) return result
  const said = whatItSaid(result)
  const noProvider = said.some((line) => /could not detect VirtualBox|VBoxManage|usable default provider/i.test(line))
  throw new FailedError('VAGRANT_FAILED', `vagrant ${words.join(' ')} ended with ${result.code}: ${said[0] ?? ''}`, {
    data: { lines: said.slice(-20) },
    hints: noProvider
      ? ['install VirtualBox, and check that virtualisation is on in the firmware']
      : [`run it by hand to see everything: cd ${folder} && vagrant ${words.join(' ')}`],
  })
}

/** Lines `time,host,type,value` of vagrant's --machine-readable. */
function parseStates(text: string, hosts: readonly SiteHost[]): readonly VmState[] {
  const rows = text.split('\n').map((line) => line.trim().split(','))
  return hosts.map(({ name }) => ({
    host: name,
    state: rows.find(([, target, type]) => target === name && type === 'state')?.[3] ?? 'not_created',
  }))
}

async function prepare(context: VmContext): Promise<string> {
  const folder = path.join(context.layout.root, 'vm')
  const file = path.join(folder, 'Vagrantfile')
  const text = await renderVagrantfile(context)
  if ((await context.files.readText(file)) !== text) await context.files.writeAtomic(file, text)
  return folder
}

async function states(context: VmContext, folder: string): Promise<readonly VmState[]> {
  const hosts = context.site.hosts.filter((host) => host.connection === 'ssh')
  return parseStates((await must(context, folder, ['status', '--machine-readable'])).stdout, hosts)
}

/** What the machines are doing; makes the Vagrantfile and nothing else. */
export async function vmStatus(context: VmContext): Promise<VmResult> {
  const folder = await prepare(context)
  return { folder, status: 'unchanged', hosts: await states(context, folder) }
}

async function bring(
  context: VmContext,
  title: string,
  settled: (state: string) => boolean,
  words: readonly string[],
): Promise<VmResult> {
  const folder = await prepare(context)
  return stage(
    context.emit,
    { id: `vm.${title}`, title: `vagrant ${title}` },
    async (): Promise<VmResult> => {
      const before = await states(context, folder)
      if (before.every(({ state }) => settled(state))) return { folder, status: 'unchanged', hosts: before }
      // Vagrant works for minutes: what it says is shown as it comes.
      await must(context, folder, words, (line) => {
        if (line.trim() !== '') context.emit({ t: 'note', level: 'info', text: line.trimEnd() })
      })
      const after = await states(context, folder)
      const wrong = after.filter(({ state }) => !settled(state))
      if (wrong.length > 0) {
        const list = wrong.map(({ host, state }) => `${host} is ${state}`).join(', ')
        throw new FailedError('VAGRANT_FAILED', `vagrant ${title} ended well, but ${list}`, { data: { hosts: after } })
      }
      return { folder, status: 'done', hosts: after }
    },
    ({ status, hosts }) => ({
      outcome: status,
      summary: status === 'unchanged' ? 'unchanged' : hosts.map(({ host, state }) => `${host} ${state}`).join(', '),
    }),
  )
}

/** Starts the machines, making them when they are not there, and writes how to log in to `vm/ssh_config`. */
export async function vmUp(context: VmContext): Promise<VmResult> {
  const result = await bring(context, 'up', (state) => state === 'running', ['up', '--provider', 'virtualbox'])
  const file = path.join(result.folder, 'ssh_config')
  const { stdout } = await must(context, result.folder, ['ssh-config'])
  if ((await context.files.readText(file)) !== stdout) await context.files.writeAtomic(file, stdout, { mode: 0o600 })
  return result
}

export const vmHalt = (context: VmContext): Promise<VmResult> =>
  bring(context, 'halt', (state) => state !== 'running', ['halt'])

/** Deletes the machines and their disks; `confirm` has to be the site's name. */
export async function vmDestroy(
  input: { readonly confirm: string | undefined },
  context: VmContext,
): Promise<VmResult> {
  if (input.confirm !== context.site.name) {
    throw new UsageError(
      'CONFIRM_NEEDED',
      `this deletes the virtual machines of ${context.site.name} and their disks`,
      {
        hints: [`smartcar vm destroy --confirm ${context.site.name}`],
      },
    )
  }
  return bring(context, 'destroy', (state) => state === 'not_created', ['destroy', '--force'])
}
