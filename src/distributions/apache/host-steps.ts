import { type ServiceRole, serviceTitle } from '../../core/cluster/catalog.js'
import type { ClusterHost } from '../../core/cluster/cluster.js'
import { hostView, type ServiceDefinition } from '../../core/cluster/service.js'
import { FailedError } from '../../core/errors.js'
import { fields, runScript } from '../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type ShellCheck, type Step } from '../../core/plan/step.js'
import { shellQuote } from '../../core/transport.js'
import type { Product } from './products.js'
import { accountOf } from './role-control.js'
import { type ServiceStepsInput, sha256, stepIds } from './steps-input.js'
import { mayHaveUnits, systemdRuns, unitFile, unitName, unitText } from './systemd.js'

export function foldersStep(input: ServiceStepsInput, host: ClusterHost): Step {
  const { cluster } = input
  const { root, software, conf, data, logs, run } = host.folders
  const script = `${root}/service.sh`
  const digest = sha256(input.supervisor)
  const account = accountOf(cluster, host)
  const owned = [conf, data, logs, run]
  return {
    id: stepIds.root(host.name),
    title: 'folders of the services',
    reason: `software, configuration, data and logs of the services are below ${root}`,
    group: 'services',
    host: host.name,
    needs: [...input.hostNeeds(host.name), ...(account === undefined ? [] : [stepIds.account(host.name)])],
    check: {
      shell: `for d in ${[software, ...owned].map(shellQuote).join(' ')}; do [ -d "$d" ] || echo "absent: $d"; done
sha256sum <${shellQuote(script)} 2>/dev/null | cut -d' ' -f1`,
      interpret: ({ stdout }) => {
        const changes: Change[] = [...stdout.matchAll(/^absent: (.*)$/gm)].map(([, folder = '']) => ({
          kind: 'create',
          summary: `make the folder ${folder}`,
        }))
        if (!stdout.includes(digest)) changes.push({ kind: 'create', summary: `write ${script}` })
        return changeOrOk(changes)
      },
    },
    async apply(world) {
      await runScript(
        world,
        host.name,
        `mkdir -p ${[software, ...owned].map(shellQuote).join(' ')}
${account === undefined ? '' : `chown ${shellQuote(account)} ${owned.map(shellQuote).join(' ')}`}
chmod 750 ${shellQuote(data)} ${shellQuote(conf)}
printf %s ${shellQuote(input.supervisor)} | replace ${shellQuote(script)}
chmod 755 ${shellQuote(script)}`,
        { command: `make ${root}` },
      )
    },
    undo: {
      check: {
        shell: `if [ -e ${shellQuote(script)} ]; then echo there; fi`,
        interpret: ({ stdout }) =>
          stdout.trim() === ''
            ? { state: 'ok' }
            : {
                state: 'change',
                changes: [
                  { kind: 'delete', summary: `remove ${conf}, ${run} and ${script}; ${data} and ${logs} stay` },
                ],
              },
      },
      async apply(world) {
        await runScript(
          world,
          host.name,
          `rm -rf ${[conf, run].map(shellQuote).join(' ')} && rm -f ${shellQuote(script)}
rmdir ${[software, logs, data, root].map(shellQuote).join(' ')} 2>/dev/null || :`,
          { command: `remove ${root}` },
        )
      },
    },
  }
}

export function accountStep(input: ServiceStepsInput, host: ClusterHost): Step | undefined {
  const account = accountOf(input.cluster, host)
  if (account === undefined || host.local) return undefined
  return {
    id: stepIds.account(host.name),
    title: 'account of the services',
    reason: 'no service runs as root',
    group: 'services',
    host: host.name,
    needs: input.hostNeeds(host.name),
    check: {
      shell: `getent passwd ${shellQuote(account)} >/dev/null`,
      interpret: ({ code }) =>
        changeOrOk(code === 0 ? [] : [{ kind: 'create', summary: `make the account ${account}` }]),
    },
    async apply(world) {
      await runScript(
        world,
        host.name,
        `useradd --system --create-home --home-dir ${shellQuote(`/var/lib/${account}`)} --shell /sbin/nologin ${shellQuote(account)}`,
        { command: `useradd ${account}` },
      )
    },
    undo: {
      check: {
        shell: `getent passwd ${shellQuote(account)} >/dev/null && echo there || :`,
        interpret: ({ stdout }) =>
          stdout.trim() === ''
            ? { state: 'ok' }
            : { state: 'ok', note: `left: account ${account} on ${host.name}: the data of the services belong to it` },
      },
      apply: async () => {},
    },
  }
}

/** The units of a host's roles, where systemd runs on it: they start at boot. */
export function unitsStep(
  input: ServiceStepsInput,
  host: ClusterHost,
  roles: readonly { readonly role: ServiceRole; readonly stopTimeout: number }[],
): Step | undefined {
  const account = accountOf(input.cluster, host)
  if (!mayHaveUnits(host) || account === undefined) return undefined
  const units = roles.map(({ role, stopTimeout }) => ({
    role,
    name: unitName(role),
    file: unitFile(role),
    text: unitText({ site: input.cluster.name, host, role, account, stopTimeout, limits: input.limits }),
  }))
  const present = units.map(({ file }) => `if [ -e ${file} ]; then echo ${file}; fi`).join('\n')
  return {
    id: stepIds.units(host.name),
    title: 'units of the services',
    reason: 'systemd starts the services at boot and watches them',
    group: 'services',
    host: host.name,
    needs: [stepIds.root(host.name)],
    check: {
      shell: `if ${systemdRuns}; then
${units
  .map(
    ({ role, name, file, text }) =>
      `s=absent; if [ -e ${file} ]; then s=other; [ "$(sha256sum <${file} | cut -d' ' -f1)" = ${sha256(text)} ] && s=off && systemctl is-enabled -q ${name} 2>/dev/null && s=on; fi; echo "${role}: $s"`,
  )
  .join('\n')}
fi`,
      interpret: ({ stdout }) => {
        const found = fields(stdout)
        return changeOrOk(
          units.flatMap(({ role, name, file, text }): Change[] => {
            const state = found.get(role)
            if (state === undefined || state === 'on') return []
            if (state === 'off') return [{ kind: 'update', summary: `start ${name} at boot` }]
            return [{ kind: state === 'absent' ? 'create' : 'update', summary: `write ${file}`, after: text }]
          }),
        )
      },
    },
    async apply(world) {
      await runScript(
        world,
        host.name,
        `${units.map(({ file, text }) => `printf %s ${shellQuote(text)} | replace ${file}`).join('\n')}
systemctl daemon-reload
systemctl enable ${units.map(({ name }) => name).join(' ')} 2>&1`,
        { command: 'write the units of systemd' },
      )
    },
    undo: {
      check: {
        shell: present,
        interpret: ({ stdout }) =>
          changeOrOk(
            stdout
              .split('\n')
              .filter((line) => line !== '')
              .map((file): Change => ({ kind: 'delete', summary: `remove ${file}` })),
          ),
      },
      async apply(world) {
        await runScript(
          world,
          host.name,
          `${units.map(({ name, file }) => `if [ -e ${file} ]; then systemctl disable ${name} 2>&1; rm -f ${file}; fi`).join('\n')}
systemctl daemon-reload`,
          { command: 'remove the units of systemd' },
        )
      },
    },
  }
}

export function softwareStep(input: ServiceStepsInput, host: ClusterHost, product: Product): Step {
  const folder = `${host.folders.software}/${product.name}`
  const mark = `${folder}/.smartcar-id`
  const archive = `${host.folders.software}/${product.name}-${product.id}.tar`
  return {
    id: stepIds.software(product.name, host.name),
    title: `software of ${product.name}`,
    reason: `${product.name} ${product.version}, ${product.artifacts.length} files, as pinned in provisioning/apache`,
    group: 'software',
    host: host.name,
    needs: [stepIds.root(host.name)],
    check: {
      shell: `cat ${shellQuote(mark)} 2>/dev/null || :`,
      interpret: ({ stdout }) => {
        const found = stdout.trim()
        return changeOrOk(
          found === product.id
            ? []
            : [
                {
                  kind: found === '' ? 'create' : 'replace',
                  summary: `install ${product.name} ${product.version}`,
                  ...(found === '' ? {} : { before: found }),
                  after: product.id,
                },
              ],
        )
      },
    },
    async apply(world, _finding, emit) {
      const { file, range, sha256: pinned } = await input.archive(product)
      let told = 0
      const sent = await world.upload(host.name, file, archive, {
        mode: 0o644,
        ...(range === undefined ? {} : { range }),
        onProgress: (done, total) => {
          const tenth = Math.floor((done * 10) / Math.max(1, total))
          if (tenth > told) emit(`${product.name}: ${tenth * 10} % of ${Math.round(total / 1e6)} MB sent`)
          told = Math.max(told, tenth)
        },
      })
      if (pinned !== undefined && sent.sha256 !== pinned) {
        throw new FailedError(
          'BUNDLE_CHANGED',
          `what ${host.name} got as ${product.name} is not what the bundle says`,
          {
            place: { file },
            hints: ['smartcar bundle check FILE says whether the bundle is whole'],
          },
        )
      }
      const fresh = `${host.folders.software}/.${product.name}.new`
      const old = `${host.folders.software}/.${product.name}.old`
      await runScript(
        world,
        host.name,
        `rm -rf ${shellQuote(fresh)} ${shellQuote(old)}
mkdir -p ${shellQuote(fresh)}
tar -xf ${shellQuote(archive)} -C ${shellQuote(fresh)}
chmod -R a+rX ${shellQuote(fresh)}
echo ${shellQuote(product.id)} >${shellQuote(`${fresh}/.smartcar-id`)}
if [ -e ${shellQuote(folder)} ]; then mv ${shellQuote(folder)} ${shellQuote(old)}; fi
mv ${shellQuote(fresh)} ${shellQuote(folder)}
rm -rf ${shellQuote(old)} ${shellQuote(archive)}`,
        { command: `unpack ${product.name}`, timeoutMs: 600_000 },
      )
    },
    undo: {
      check: {
        shell: `cat ${shellQuote(mark)} 2>/dev/null || :`,
        interpret: ({ stdout }) =>
          changeOrOk(stdout.trim() === '' ? [] : [{ kind: 'delete', summary: `remove ${folder}` }]),
      },
      async apply(world) {
        await runScript(world, host.name, `rm -rf ${shellQuote(folder)}`, { command: `remove ${folder}` })
      },
    },
  }
}

/** Takes apart what `readFiles` printed: text by path, without those that are not there. */
function parseFiles(stdout: string, token: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const part of stdout.split(`@${token} `).slice(1)) {
    const end = part.indexOf('\n')
    // The mark stands on a line of its own, so a line end was put before the next one.
    found.set(part.slice(0, end), part.slice(end + 1).replace(/\n$/, ''))
  }
  return found
}

export function configStep(input: ServiceStepsInput, definition: ServiceDefinition, host: ClusterHost): Step {
  const view = hostView(input.cluster, host)
  const files = Object.entries(definition.files(view)).map(([file, text]) => ({ file: view.conf(file), text }))
  const folders = [...new Set(files.map(({ file }) => file.slice(0, file.lastIndexOf('/'))))]
  const token = 'smartcar-file'
  const account = accountOf(input.cluster, host)
  const check: ShellCheck = {
    shell: files
      .map(
        ({ file }) =>
          `if [ -r ${shellQuote(file)} ]; then echo ${shellQuote(`@${token} ${file}`)}; cat ${shellQuote(file)}; echo; fi`,
      )
      .join('\n'),
    interpret: ({ stdout }) => {
      const found = parseFiles(stdout, token)
      return changeOrOk(
        files.flatMap(({ file, text }): Change[] => {
          const now = found.get(file)
          if (now === text) return []
          return [
            {
              kind: now === undefined ? 'create' : 'update',
              summary: `${now === undefined ? 'write' : 'change'} ${file}`,
              ...(now === undefined ? {} : { before: now }),
              after: text,
            },
          ]
        }),
      )
    },
  }
  return {
    id: stepIds.config(definition.name, host.name),
    title: `configuration of ${serviceTitle(definition.name)}`,
    reason: 'rendered from the site file',
    group: definition.name,
    host: host.name,
    needs: [stepIds.root(host.name)],
    check,
    async apply(world, finding) {
      const wanted = finding.state === 'change' ? finding.changes.map(({ summary }) => summary) : []
      const touched = files.filter(({ file }) => wanted.some((summary) => summary.endsWith(` ${file}`)))
      await runScript(
        world,
        host.name,
        `mkdir -p ${folders.map(shellQuote).join(' ')}
${touched.map(({ file, text }) => `printf %s ${shellQuote(text)} | replace ${shellQuote(file)}`).join('\n')}
chmod 640 ${touched.map(({ file }) => shellQuote(file)).join(' ')}
${account === undefined ? '' : `chown -R ${shellQuote(account)} ${folders.map(shellQuote).join(' ')}`}`,
        { command: `write the configuration of ${definition.name}` },
      )
    },
  }
}
