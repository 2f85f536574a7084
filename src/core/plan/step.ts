import type { Clock, Files } from '../ports.js'

/** One difference between what is and what should be. */
export interface Change {
  readonly kind: 'create' | 'update' | 'replace' | 'delete' | 'run'
  /** What happens, a fragment in lower case: `set SELINUX=permissive in /etc/selinux/config`. */
  readonly summary: string
  readonly before?: string
  readonly after?: string
  /** `before` and `after` hold a secret: they never reach a plan, a record or a screen. */
  readonly sensitive?: boolean
}

/** What a check found. */
export type Finding =
  | { readonly state: 'ok'; readonly note?: string }
  | { readonly state: 'change'; readonly changes: readonly Change[] }
  | { readonly state: 'blocked'; readonly reason: string; readonly hints: readonly string[] }

export const ok: Finding = Object.freeze({ state: 'ok' })

/** `changes` as a finding: none of them means that all is in place. */
export function changeOrOk(changes: readonly Change[]): Finding {
  return changes.length === 0 ? ok : { state: 'change', changes }
}

export interface ShellOutput {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface ShellOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Told of every line that the script writes, as it comes. */
  readonly onLine?: (line: string) => void
}

export interface UploadOptions {
  /** Bytes of the local file that are sent; all when left out. */
  readonly range?: { readonly offset: number; readonly length: number }
  /** Permission bits. */
  readonly mode: number
  /** Bytes that are there, of all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** What the code of a step may reach. Small, so that a test can stand in for it. */
export interface World {
  readonly clock: Clock
  readonly files: Files
  readonly signal: AbortSignal
  /**
   * Runs a POSIX shell script with root's rights on a host: one round trip. A non-zero exit is a result, not a throw;
   * throws UnreachableError when the host cannot be reached or the connection is lost.
   */
  shell(host: string, script: string, options?: ShellOptions): Promise<ShellOutput>
  /**
   * Sends a file of this machine, or a range of it, to a host as root: resumed after a break, SHA-256 compared, then
   * renamed. Throws as `shell` does.
   */
  upload(host: string, local: string, remote: string, options: UploadOptions): Promise<{ readonly sha256: string }>
}

/** A check by shell: all checks of this kind on one host go there together, in one round trip. */
export interface ShellCheck {
  /** POSIX sh, read-only, without stdin; runs in a subshell with `LC_ALL=C` and the system folders in PATH. */
  readonly shell: string
  /** Pure: what the snippet printed, to what it means. */
  interpret(output: { readonly code: number; readonly stdout: string }): Finding
}

/** Read-only: it runs for plans too. */
export type Check = ShellCheck | ((world: World) => Promise<Finding>)

export type StepEmit = (line: string) => void

/** How a step is taken back. It is a step of its own when a teardown is planned. */
export interface Undo {
  /** `change`: there is something to take back. `ok` with a note: what is left behind, and why. */
  readonly check: Check
  apply(world: World, finding: Finding, emit: StepEmit): Promise<void>
}

/** One thing that must be so on a host, in a manager, a topic, a table. */
export interface Step {
  /** Unique and stable: `host/selinux@server01`. */
  readonly id: string
  readonly title: string
  /** Why this is wanted, one line. */
  readonly reason: string
  /** Heading under which a plan shows it: `kernel`, `packages`. */
  readonly group: string
  /** Name of the host it works on; undefined: not bound to a host. Steps of one host never run side by side. */
  readonly host?: string
  /** Ids or tags of other steps; a tag stands for every step that carries it. */
  readonly needs: readonly string[]
  readonly tags?: readonly string[]
  readonly check: Check
  apply(world: World, finding: Finding, emit: StepEmit): Promise<void>
  /** Asks for a real answer after `apply`, again and again until it says ok or `timeoutMs` have passed. */
  readonly ready?: { readonly timeoutMs: number; probe(world: World): Promise<Finding> }
  readonly undo?: Undo
  /** Packages of the system that `apply` installs, by name: a bundle has to hold them. */
  readonly packages?: readonly string[]
  /**
   * A handler, such as a restart: it runs when one of these steps (ids or tags) changed something, in this run or in
   * an earlier one that ended before the handler's turn. Its check describes what it would do.
   */
  readonly when?: { readonly changed: readonly string[] }
  /** Cannot be made idempotent: it is in every plan and is not checked again after `apply`. */
  readonly always?: true
}

export function isShellCheck(check: Check): check is ShellCheck {
  return typeof check !== 'function'
}

/**
 * The step that takes `step` back; undefined when nothing can be taken back. Order is reversed: what needed `step`
 * must be gone before.
 */
export function undoStep(step: Step, dependants: readonly string[]): Step | undefined {
  if (step.undo === undefined) return undefined
  return {
    id: undoId(step.id),
    title: `undo ${step.title}`,
    reason: 'smartcar did it',
    group: step.group,
    ...(step.host === undefined ? {} : { host: step.host }),
    needs: dependants.map(undoId),
    check: step.undo.check,
    apply: step.undo.apply,
  }
}

function undoId(id: string): string {
  return `undo:${id}`
}
