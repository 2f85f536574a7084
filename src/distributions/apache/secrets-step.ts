import type { ClusterHost } from '../../core/cluster/cluster.js'
import { hostView, type SecretName } from '../../core/cluster/service.js'
import { shellPrelude } from '../../core/plan/batch.js'
import { runScript } from '../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type Finding, type Step } from '../../core/plan/step.js'
import { shellQuote } from '../../core/transport.js'
import { accountOf } from './role-control.js'
import { type ServiceStepsInput, stepIds } from './steps-input.js'

/** What stands in a plan for a secret: its file. The secret itself is sent as a file, never as text of a script. */
function differences(
  names: readonly SecretName[],
  there: ReadonlyMap<SecretName, string>,
  here: ReadonlyMap<SecretName, string | undefined>,
  place: (name: SecretName) => string,
): readonly Change[] {
  return names.flatMap((name): Change[] => {
    if (here.get(name) !== undefined && there.get(name) === here.get(name)) return []
    return there.has(name)
      ? [{ kind: 'replace', summary: `replace the secret in ${place(name)} by that of this machine` }]
      : [{ kind: 'create', summary: `write a secret to ${place(name)}` }]
  })
}

/**
 * The secrets of a host's roles: made once on the control machine, the same on every host. A secret that is gone here
 * and still on the host is not made anew, since what it opens knows the old one.
 */
export function secretsStep(input: ServiceStepsInput, host: ClusterHost, names: readonly SecretName[]): Step {
  const { secret: place } = hostView(input.cluster, host)
  const { secrets: folder } = host.folders
  const account = accountOf(input.cluster, host)
  const look = async (
    shell: (script: string) => Promise<{ readonly stdout: string }>,
  ): Promise<ReadonlyMap<SecretName, string>> => {
    const lines = names.map(
      (name) => `sha256sum <${shellQuote(place(name))} 2>/dev/null | sed ${shellQuote(`s/ .*/ ${name}/`)}`,
    )
    const { stdout } = await shell(`${shellPrelude}${lines.join('\n')}\n:`)
    return new Map(
      [...stdout.matchAll(/^([0-9a-f]{64}) (\S+)$/gm)].map(([, digest = '', name]) => [name as SecretName, digest]),
    )
  }
  return {
    id: stepIds.secrets(host.name),
    title: 'secrets of the services',
    reason: 'accounts of the database; made once, mode 0600',
    group: 'services',
    host: host.name,
    needs: [stepIds.root(host.name)],
    async check(world): Promise<Finding> {
      const [there, digests] = await Promise.all([
        look((script) => world.shell(host.name, script)),
        Promise.all(names.map(async (name) => [name, await input.secrets.digest(name)] as const)),
      ])
      const here = new Map(digests)
      const lost = names.find((name) => here.get(name) === undefined && there.has(name))
      if (lost !== undefined) {
        return {
          state: 'blocked',
          reason: `${input.secrets.path(lost)} is gone, and ${host.name} still has the secret`,
          hints: [`copy ${place(lost)} of ${host.name} there, mode 0600`],
        }
      }
      return changeOrOk(differences(names, there, here, place))
    },
    async apply(world) {
      for (const name of names) await input.secrets.make(name)
      await runScript(world, host.name, `mkdir -p ${shellQuote(folder)}\nchmod 700 ${shellQuote(folder)}`, {
        command: `make ${folder}`,
      })
      for (const name of names) await world.upload(host.name, input.secrets.path(name), place(name), { mode: 0o600 })
      if (account === undefined) return
      await runScript(world, host.name, `chown -R ${shellQuote(account)} ${shellQuote(folder)}`, {
        command: `chown ${folder}`,
      })
    },
    undo: {
      check: {
        shell: `if [ -d ${shellQuote(folder)} ]; then echo there; fi`,
        interpret: ({ stdout }) =>
          stdout.trim() === '' ? { state: 'ok' } : { state: 'ok', note: `left: ${folder}: the data need it` },
      },
      apply: async () => {},
    },
  }
}
