import { setMaxListeners } from 'node:events'
import path from 'node:path'
import { InterruptedError, systemCode } from '../core/errors.js'
import { siteLayout } from '../core/layout.js'
import type { JobContext } from '../core/ports.js'
import type { SecretSource } from '../core/site/hosts.js'
import type { Site } from '../core/site/resolve.js'
import type { Transports } from '../core/transport.js'
import { systemClock } from '../io/clock.js'
import { httpDownloads } from '../io/downloads.js'
import { localFiles } from '../io/files.js'
import { nodeHttp } from '../io/http.js'
import { packageRoot } from '../io/package-root.js'
import { localProcesses } from '../io/processes.js'
import { openTransports } from '../io/transport/index.js'
import { readSecret } from '../io/transport/secrets.js'
import { threadWorkers } from '../io/workers.js'
import { jsonReporter } from './reporters/json.js'
import { plainReporter } from './reporters/plain.js'
import { quietReporter, type Reporter } from './reporters/reporter.js'
import { loadSite } from './site-source.js'

/** What a command works with: the job context of its site, and the process's streams. */
export interface Context extends JobContext {
  readonly site: Site
  readonly environment: NodeJS.ProcessEnv
  /** The site's hosts; connections are made when they are first used and closed by `close`. */
  readonly transports: Transports
  /** Reads a secret where the site says; `purpose` stands in the message when it cannot be read. */
  secret(source: SecretSource, purpose: string): Promise<string>
  /** Writes data to stdout, waits when the reader is slower; a reader that left (`| head`) aborts `signal`. */
  readonly stdout: { write(chunk: string | Uint8Array): Promise<void>; readonly isTerminal: boolean }
  stdin(): AsyncIterable<Uint8Array>
  /** Closes connections and ends progress display; call before the result is printed. */
  close(): Promise<void>
}

export interface ContextOptions {
  readonly site?: string
  readonly quiet: boolean
  readonly json: boolean
}

async function makeReporter(options: ContextOptions): Promise<Reporter> {
  const write = (line: string) => {
    process.stderr.write(line)
  }
  if (options.json) return jsonReporter(write, systemClock, { quiet: options.quiet })
  if (options.quiet) return quietReporter(write)
  // listr2 draws on stdout's terminal; with stdout in a pipe its lines would mix with data.
  const animated =
    process.stderr.isTTY && process.stdout.isTTY && process.env.CI === undefined && process.env.TERM !== 'dumb'
  if (!animated) return plainReporter(write, systemClock.monotonic)
  const { terminalReporter } = await import('./reporters/terminal.js')
  return terminalReporter(write, systemClock.monotonic)
}

let listening = false
const interruption = new AbortController()

/** First Ctrl-C: stop at the next safe place. Second: the default, at once. */
function listenForSignals(): AbortSignal {
  if (!listening) {
    listening = true
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => interruption.abort(new InterruptedError(`interrupted by ${name}`)))
    }
  }
  return interruption.signal
}

function stdoutWriter(onClosed: () => void): Context['stdout'] {
  let closed = false
  // One set of listeners for all writes: a set per write would pile up on a slow reader.
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  process.stdout.on('drain', wake)
  process.stdout.on('close', wake)
  process.stdout.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') throw error
    closed = true
    wake()
    onClosed()
  })
  return {
    isTerminal: process.stdout.isTTY === true,
    async write(chunk) {
      if (closed || process.stdout.write(chunk) || closed) return
      await new Promise<void>((resolve) => {
        waiting.add(resolve)
      })
    },
  }
}

/** `SMARTCAR_CACHE`, else the platform's place for caches (XDG, which `~/.cache` stands for). */
export function cacheFolder(environment: NodeJS.ProcessEnv, state: string): string {
  if (environment.SMARTCAR_CACHE) return path.resolve(environment.SMARTCAR_CACHE)
  if (environment.XDG_CACHE_HOME) return path.join(environment.XDG_CACHE_HOME, 'smartcar')
  const home = environment.HOME ?? environment.USERPROFILE
  return home === undefined ? path.join(state, 'cache') : path.join(home, '.cache', 'smartcar')
}

/** The only place that wires things: finds the site and hands out the real io. */
export async function openContext(options: ContextOptions): Promise<Context> {
  const environment = process.env
  const site = await loadSite(localFiles, {
    environment,
    workingFolder: process.cwd(),
    ...(options.site === undefined ? {} : { given: options.site }),
  })
  const reporter = await makeReporter(options)
  const stop = new AbortController()
  const signal = AbortSignal.any([listenForSignals(), stop.signal])
  // Every command under way on every host listens to it.
  setMaxListeners(0, signal)
  const layout = siteLayout(site.data)
  const emit: Context['emit'] = (event) => reporter.on(event)
  let readsStdin = false
  const transports = openTransports({ hosts: site.hosts, layout, environment, emit })
  return {
    site,
    environment,
    transports,
    secret: (source, purpose) => readSecret(source, environment, purpose),
    layout,
    templates: path.join(packageRoot(), 'templates'),
    cache: cacheFolder(environment, layout.state),
    files: localFiles,
    downloads: httpDownloads(),
    clock: systemClock,
    processes: localProcesses,
    workers: threadWorkers,
    http: nodeHttp,
    emit,
    signal,
    stdout: stdoutWriter(() => stop.abort(new InterruptedError('the reader of the output has gone'))),
    stdin() {
      readsStdin = true
      return process.stdin
    },
    async close() {
      // Interrupted, a command has stopped reading; whoever writes there may not have.
      if (readsStdin && signal.aborted) process.stdin.unref?.()
      await transports.close()
      await reporter.close()
    },
  }
}
