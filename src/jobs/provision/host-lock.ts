import { randomBytes } from 'node:crypto'
import { FailedError } from '../../core/errors.js'
import { shellPrelude } from '../../core/plan/batch.js'
import { commandFailed } from '../../core/plan/failure.js'
import { hostLockFolder } from '../../core/plan/shell/shell-step.js'
import type { World } from '../../core/plan/step.js'
import type { JobContext } from '../../core/ports.js'
import { shellQuote } from '../../core/transport.js'

interface Holder {
  readonly token: string
  /** The boot of the machine that the holder runs on: only there does its pid mean anything. */
  readonly machine: string
  readonly machineName: string
  readonly pid: number
  readonly purpose: string
  readonly since: string
}

const heartbeatMs = 30_000
const staleAfterSeconds = 180
const orphanPatienceMs = 10 * 60_000
const orphanPollMs = 1000

/** Takes the lock when it is free, else prints who holds it, how old the last sign of life is, and what still runs. */
function acquireScript(holder: Holder, stale?: string): string {
  const folder = hostLockFolder
  // Moved aside by the one who still sees the dead holder's token: of two takers one fails at mkdir.
  const steal =
    stale === undefined
      ? ''
      : `if grep -q ${shellQuote(stale)} ${folder}/holder 2>/dev/null || [ ! -e ${folder}/holder ]; then rm -rf ${folder}.dead; mv ${folder} ${folder}.dead && rm -rf ${folder}.dead; fi\n`
  return `${shellPrelude}${steal}if mkdir ${folder} 2>/dev/null; then
  printf '%s\\n' ${shellQuote(JSON.stringify(holder))} >${folder}/holder.new && mv ${folder}/holder.new ${folder}/holder && echo taken
else
  echo held
  cat ${folder}/holder 2>/dev/null || echo
  t=$(stat -c %Y ${folder}/holder 2>/dev/null || stat -c %Y ${folder} 2>/dev/null) || t=$(date +%s)
  echo $(( $(date +%s) - t ))
  r=$(cat ${folder}/running 2>/dev/null); if [ -n "$r" ] && kill -0 "$r" 2>/dev/null; then echo "$r"; fi
fi
`
}

function parseHolder(text: string | undefined): Partial<Holder> {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

async function machine(context: JobContext): Promise<{ readonly id: string; readonly name: string }> {
  const name = (await context.files.readText('/etc/hostname'))?.trim() ?? 'this machine'
  const boot = (await context.files.readText('/proc/sys/kernel/random/boot_id'))?.trim()
  return { id: boot === undefined ? '' : `${boot}/${name}`, name }
}

/**
 * Takes the lock of a host, for this machine and for every other that may provision it. A holder that died is replaced:
 * on this machine it is known by its pid, elsewhere by no sign of life for three minutes; what it left running on the
 * host is waited for. Throws FailedError HOST_LOCKED, naming the holder, when it lives.
 */
export async function lockHost(
  host: string,
  purpose: string,
  world: World,
  context: JobContext,
  pid: number,
): Promise<AsyncDisposable> {
  const here = await machine(context)
  const mine: Holder = {
    token: randomBytes(9).toString('hex'),
    machine: here.id,
    machineName: here.name,
    pid,
    purpose,
    since: new Date(context.clock.now()).toISOString(),
  }
  const began = context.clock.monotonic()
  let told = false
  let stale: string | undefined
  for (;;) {
    const output = await world.shell(host, acquireScript(mine, stale))
    if (output.code !== 0) throw commandFailed(output, 'take the lock of the host', host)
    const [state, holderText, age = '0', running] = output.stdout.trimEnd().split('\n')
    if (state === 'taken') break
    const holder = parseHolder(holderText)
    const sameMachine = here.id !== '' && holder.machine === here.id && holder.pid !== undefined
    const dead = sameMachine
      ? holder.pid !== pid && !context.processes.isAlive(holder.pid ?? 0)
      : Number(age) > staleAfterSeconds
    if (!dead) {
      const who = `${holder.purpose ?? 'smartcar'}, pid ${holder.pid ?? '?'} on ${holder.machineName ?? 'another machine'}`
      throw new FailedError(
        'HOST_LOCKED',
        `${host} is being worked on by ${who}, since ${holder.since ?? 'just now'}`,
        {
          hints: ['wait until it has ended', `if it is gone for good: rm -rf ${hostLockFolder} on ${host}`],
          data: { host, holder },
        },
      )
    }
    if (running === undefined) {
      stale = holder.token ?? ''
      continue
    }
    if (context.clock.monotonic() - began > orphanPatienceMs) {
      throw new FailedError('HOST_BUSY', `process ${running} on ${host}, left by a run that died, does not end`, {
        hints: [`look at it on the host (ps -fp ${running}), and end it if it hangs`],
      })
    }
    if (!told) {
      told = true
      context.emit({
        t: 'note',
        level: 'info',
        text: `${host}: waiting for process ${running}, which an earlier run left behind`,
      })
    }
    await context.clock.sleep(orphanPollMs, context.signal)
  }
  const beat = setInterval(() => {
    // A lost connection is noticed by the step that is under way.
    world.shell(host, `touch ${hostLockFolder}/holder 2>/dev/null || :`, { timeoutMs: 15_000 }).catch(() => {})
  }, heartbeatMs)
  beat.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beat)
      // Aborted or not, the lock has to go; a host that cannot be reached keeps it until it is found dead.
      await world
        .shell(host, `grep -q ${mine.token} ${hostLockFolder}/holder 2>/dev/null && rm -rf ${hostLockFolder} || :`, {
          timeoutMs: 10_000,
          signal: AbortSignal.timeout(10_000),
        })
        .catch(() => {})
    },
  }
}
