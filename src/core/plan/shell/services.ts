import { shellQuote } from '../../transport.js'
import { type Change, changeOrOk, type Finding, type Step } from '../step.js'
import { fields, type StepHead, shellStep, undoFromKept } from './shell-step.js'
import { hasSystemd, type SystemFamily } from './system.js'

interface UnitState {
  readonly name: string
  readonly present: boolean
  readonly active: boolean
  readonly enabled: boolean
}

/** Prints `name: active enabled` for each unit that the host has. */
export function unitsSnippet(family: SystemFamily, names: readonly string[]): string {
  const probe = hasSystemd(family)
    ? `a=inactive; e=disabled
  systemctl is-active -q "$n" && a=active
  systemctl is-enabled -q "$n" 2>/dev/null && e=enabled
  p=present; if [ $a$e = inactivedisabled ] && ! systemctl cat "$n" >/dev/null 2>&1 && ! [ -x /etc/rc.d/init.d/$n ] && ! [ -x /etc/init.d/$n ]; then p=absent; fi`
    : `a=inactive; e=disabled; p=absent
  if [ -x /etc/rc.d/init.d/$n ] || [ -x /etc/init.d/$n ]; then p=present
    service "$n" status >/dev/null 2>&1 && a=active
    chkconfig "$n" >/dev/null 2>&1 && e=enabled
  fi`
  return `for n in ${names.map(shellQuote).join(' ')}; do\n  ${probe}\n  echo "$n: $p $a $e"\ndone`
}

/** What `unitsSnippet` printed. */
export function parseUnits(stdout: string): readonly UnitState[] {
  return [...fields(stdout)].map(([name, text]) => {
    const [present, active, enabled] = text.split(' ')
    return { name, present: present === 'present', active: active === 'active', enabled: enabled === 'enabled' }
  })
}

/** `running, not started at boot` */
export const unitText = (state: UnitState) =>
  `${state.active ? 'running' : 'stopped'}, ${state.enabled ? 'started at boot' : 'not started at boot'}`

function command(family: SystemFamily, verb: 'start' | 'stop' | 'restart', name: string): string {
  return hasSystemd(family) ? `systemctl ${verb} ${shellQuote(name)}` : `service ${shellQuote(name)} ${verb}`
}

function bootCommand(family: SystemFamily, on: boolean, name: string): string {
  if (hasSystemd(family)) return `systemctl ${on ? 'enable' : 'disable'} ${shellQuote(name)} >/dev/null 2>&1`
  return `chkconfig ${shellQuote(name)} ${on ? 'on' : 'off'}`
}

function restore(family: SystemFamily, kept: string): string {
  return parseUnits(kept)
    .filter((state) => state.present)
    .flatMap((state) => [
      bootCommand(family, state.enabled, state.name),
      // Starting what runs and stopping what is stopped is no error for either init.
      command(family, state.active ? 'start' : 'stop', state.name),
    ])
    .join('\n')
}

interface UnitsDefinition extends StepHead {
  readonly family: SystemFamily
  readonly names: readonly string[]
}

function keptName(id: string): string {
  return `units-${id.replace(/^.*\//, '').replace(/@.*$/, '')}`
}

function unitsStep(definition: UnitsDefinition, on: boolean): Step {
  const { family, names, id, host } = definition
  const wrong = (stdout: string) =>
    parseUnits(stdout).filter((state) => (on ? !state.active || !state.enabled : state.active || state.enabled))
  const interpret = ({ stdout }: { readonly stdout: string }): Finding =>
    changeOrOk(
      wrong(stdout).map(
        (state): Change => ({
          kind: 'update',
          summary: on ? `start ${state.name}, now and at boot` : `stop ${state.name}, now and at boot`,
          before: state.present ? unitText(state) : 'not installed',
          after: unitText({ ...state, active: on, enabled: on }),
        }),
      ),
    )
  const snippet = unitsSnippet(family, names)
  const kept = keptName(id)
  return shellStep({
    ...definition,
    check: { shell: snippet, interpret },
    command: `${on ? 'start' : 'stop'} ${names.join(', ')}`,
    apply: (finding) => {
      const touched = names.filter(
        (name) =>
          finding.state === 'change' && finding.changes.some((change) => change.summary.split(/[ ,]/)[1] === name),
      )
      return [
        `(\n${snippet}\n) | keep ${kept}`,
        ...touched.flatMap((name) => [bootCommand(family, on, name), command(family, on ? 'start' : 'stop', name)]),
      ].join('\n')
    },
    undo: undoFromKept(
      host,
      kept,
      (text) =>
        parseUnits(text)
          .filter((state) => state.present)
          .map((state) => `${state.name} back to ${unitText(state)}`)
          .join('; '),
      (text) => restore(family, text),
    ),
  })
}

/** Services that run now and after a boot. */
export function servicesOn(definition: UnitsDefinition): Step {
  return unitsStep(definition, true)
}

/** Services that neither run nor start at boot; what is not installed is fine. */
export function servicesOff(definition: UnitsDefinition): Step {
  return unitsStep(definition, false)
}

/** A restart that happens when one of `changed` changed something; a service that does not run has nothing to restart. */
export function restartHandler(
  definition: StepHead & {
    readonly family: SystemFamily
    readonly name: string
    readonly changed: readonly string[]
  },
): Step {
  const { family, name, changed, ...head } = definition
  const step = shellStep({
    ...head,
    check: {
      shell: hasSystemd(family)
        ? `systemctl is-active -q ${shellQuote(name)}`
        : `service ${shellQuote(name)} status >/dev/null 2>&1`,
      interpret: ({ code }) => changeOrOk(code === 0 ? [{ kind: 'run', summary: `restart ${name}` }] : []),
    },
    command: `restart ${name}`,
    apply: () => command(family, 'restart', name),
  })
  return { ...step, when: { changed } }
}
