import { shellQuote } from '../../transport.js'
import { shellPrelude } from '../batch.js'
import { commandFailed } from '../failure.js'
import type { Finding, ShellCheck, Step, StepEmit, Undo, World } from '../step.js'

/** Where a host keeps what was there before smartcar's first change, one file a step: teardown goes back to it. */
export const originalsFolder = '/var/lib/smartcar/original'

/** The lock of a host; gone after a boot. */
export const hostLockFolder = '/var/run/smartcar.lock'

/** Functions that the scripts of steps may use. */
const functions = `originals=${originalsFolder}
# keep NAME: saves stdin as the state before the first change; a second time it stays as it is
keep() {
  mkdir -p "$originals" && chmod 700 "$originals"
  if [ -e "$originals/$1" ]; then cat >/dev/null; else cat >"$originals/.$1.$$" && mv "$originals/.$1.$$" "$originals/$1"; fi
}
# forget NAME: after it was taken back
forget() { rm -f "$originals/$1"; rmdir "$originals" "\${originals%/*}" 2>/dev/null || :; }
# setting FILE KEY VALUE: the line KEY=VALUE, where KEY stands or at the end
setting() {
  touch "$1"
  if grep -q "^$2=" "$1"; then sed "s|^$2=.*|$2=$3|" "$1" | replace "$1"; else { cat "$1"; echo "$2=$3"; } | replace "$1"; fi
}
# replace FILE: stdin becomes the content of FILE, at once or not at all; owner, mode and SELinux label stay
replace() {
  _t=$(mktemp "$1.XXXXXX") || return 1
  if [ -e "$1" ]; then cp -p "$1" "$_t"; else chmod 644 "$_t"; fi
  if cat >"$_t"; then
    if [ -e "$1" ] && command -v chcon >/dev/null 2>&1; then chcon --reference="$1" "$_t" 2>/dev/null || :; fi
    mv "$_t" "$1"
  else rm -f "$_t"; return 1; fi
}
`

/**
 * A script of a step: it ends at the first command that fails. While it runs its process is named in the host's lock,
 * so that whoever takes over from a toolkit that died can wait for what it left running.
 */
function stepScript(body: string): string {
  return `${shellPrelude}set -e
if [ -w ${hostLockFolder} ]; then echo $$ >${hostLockFolder}/running; trap 'rm -f ${hostLockFolder}/running' EXIT; fi
${functions}${body}
`
}

export interface ApplyOptions {
  /** What a reader should see as the command when it fails. */
  readonly command: string
  readonly timeoutMs?: number
  readonly emit?: StepEmit
}

/** Runs a step's script and throws FailedError, with cause and hint where they are known, unless it exits with 0. */
export async function runScript(world: World, host: string, body: string, options: ApplyOptions): Promise<string> {
  const output = await world.shell(host, stepScript(body), {
    timeoutMs: options.timeoutMs ?? 120_000,
    ...(options.emit === undefined ? {} : { onLine: options.emit }),
  })
  if (output.code !== 0) throw commandFailed(output, options.command, host)
  return output.stdout
}

/** What every step of a host has. */
export interface StepHead {
  readonly id: string
  readonly host: string
  readonly title: string
  readonly reason: string
  readonly group: string
  readonly needs?: readonly string[]
  readonly tags?: readonly string[]
}

export interface ShellStepDefinition extends StepHead {
  readonly check: ShellCheck
  /** The script that makes it so. */
  readonly apply: (finding: Finding) => string
  /** What a reader should see as the command when it fails. */
  readonly command: string
  readonly timeoutMs?: number
  readonly undo?: Undo
}

/** A step that is checked and applied by shell. */
export function shellStep(definition: ShellStepDefinition): Step {
  const { id, host, title, reason, group, needs, tags, check, apply, command, timeoutMs, undo } = definition
  return {
    id,
    host,
    title,
    reason,
    group,
    needs: needs ?? [],
    ...(tags === undefined ? {} : { tags }),
    check,
    apply: async (world, finding) => {
      await runScript(world, host, apply(finding), { command, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
    },
    ...(undo === undefined ? {} : { undo }),
  }
}

/** Takes a step back from what its script kept under `name`. `apply` gets the kept text. */
export function undoFromKept(
  host: string,
  name: string,
  summary: (kept: string) => string,
  apply: (kept: string) => string,
): Undo {
  const read = readKept(name)
  return {
    check: {
      shell: read,
      interpret: ({ stdout }) => {
        const kept = keptText(stdout)
        if (kept === undefined) return { state: 'ok' }
        return { state: 'change', changes: [{ kind: 'update', summary: summary(kept) }] }
      },
    },
    async apply(world) {
      const output = await world.shell(host, `${shellPrelude}${read}`)
      const kept = keptText(output.stdout)
      if (output.code !== 0 || kept === undefined) throw commandFailed(output, `read ${originalsFolder}/${name}`, host)
      await runScript(world, host, `${apply(kept)}\nforget ${shellQuote(name)}`, { command: summary(kept) })
    },
  }
}

function readKept(name: string): string {
  const file = shellQuote(`${originalsFolder}/${name}`)
  return `if [ -e ${file} ]; then echo kept; cat ${file}; fi`
}

function keptText(stdout: string): string | undefined {
  return stdout.startsWith('kept\n') ? stdout.slice('kept\n'.length) : undefined
}

/** Nothing is taken back; what is left, and why, is said when smartcar had changed something. */
export function leftBehind(name: string, note: (kept: string) => string): Undo {
  return {
    check: {
      shell: readKept(name),
      interpret: ({ stdout }) => {
        const kept = keptText(stdout)
        return kept === undefined ? { state: 'ok' } : { state: 'ok', note: `left: ${note(kept.trimEnd())}` }
      },
    },
    apply: async () => {},
  }
}

/** `name: value` lines of a check's output as a map; a value may hold colons. */
export function fields(stdout: string): ReadonlyMap<string, string> {
  return new Map(
    stdout.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf(': ')
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 2)]]
    }),
  )
}
