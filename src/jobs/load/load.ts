/**
 * What was collected into HDFS: status logs by Flume's spooling directory, as in the pilot, everything else as files.
 * Running it again brings only what is missing; what was cut off is finished.
 */
import path from 'node:path'
import { z } from 'zod'
import { type ClusterHost, clusterOf } from '../../core/cluster/cluster.js'
import { CheckError, FailedError, InterruptedError, SmartcarError, throwIfInterrupted } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { RecordKind } from '../../core/layout.js'
import { shellQuote } from '../../core/transport.js'
import { type CollectedFile, collectedFiles } from '../../marts/inputs.js'
import { number, plural } from '../../render/format.js'
import { flumeSettings } from '../../services/flume/agent.js'
import { type Hdfs, hdfsPath } from '../../services/hdfs/client.js'
import { openFiles } from '../../services/hdfs/health.js'
import { abandoned, closeLeftFile } from '../flume/left-files.js'
import { hdfsOf } from '../hdfs/open.js'
import { putFile } from '../hdfs/put.js'
import { type HostsContext, hostsWorld } from '../provision/context.js'
import { alertFiles, alertsFolder, loadAlerts } from './alerts.js'
import { finishMending, removeDoubledRows } from './doubled-rows.js'

export interface LoadInput {
  /** Status logs as files too, without Flume. */
  readonly direct: boolean
  /** Milliseconds that Flume may take for what was given to it. */
  readonly timeoutMs: number
}

export interface LoadedKind {
  readonly kind: RecordKind | 'alerts'
  readonly way: 'flume' | 'webhdfs'
  readonly files: number
  readonly rows: number
  readonly status: 'loaded' | 'unchanged'
}

export interface LoadResult {
  readonly kinds: readonly LoadedKind[]
  readonly changed: boolean
}

/** Folders of the pilot in HDFS (pilot.md, section 3). */
const folders: Readonly<Record<LoadedKind['kind'], string>> = {
  status: '/pilot-pjt/collect/car-batch-log',
  drive: '/pilot-pjt/collect/drive-log',
  master: '/pilot-pjt/collect/car-master',
  purchases: '/pilot-pjt/collect/buy-list',
  alerts: alertsFolder,
}

const pollMs = 1000
const newline = 10
const sentShape = z.object({ name: z.string() })

/** Rows by file and length: a closed file changes no more. */
type KnownRows = Map<string, number>

/** Rows of all files in a folder; files that Flume still writes are named apart. */
async function rowsIn(
  hdfs: Hdfs,
  folder: string,
  known: KnownRows,
): Promise<{ readonly rows: number; readonly bytes: number; readonly open: number }> {
  let rows = 0
  let bytes = 0
  let open = 0
  for (const entry of await hdfs.list(folder)) {
    if (entry.kind !== 'file' || entry.name.startsWith('.')) continue
    const isOpen = entry.name.endsWith('.tmp')
    const key = `${entry.path} ${entry.size}`
    // An open file shows the length of its last whole block.
    const found = isOpen ? undefined : known.get(key)
    const counted = found ?? (await linesIn(hdfs, entry.path))
    if (counted === undefined || isOpen) open++
    else known.set(key, counted)
    rows += counted ?? 0
    bytes += entry.size
  }
  return { rows, bytes, open }
}

/** Lines of a file; undefined where the DataNode that it is written to has died, and its end is not settled. */
async function linesIn(hdfs: Hdfs, file: string): Promise<number | undefined> {
  let lines = 0
  try {
    for await (const chunk of hdfs.read(file)) for (const byte of chunk) if (byte === newline) lines++
    return lines
  } catch (error) {
    if (!(error instanceof SmartcarError) || error instanceof InterruptedError || error.exit === 'bug') throw error
    return undefined
  }
}

/** Where Flume takes files from, and where a file waits until it is whole. */
function spoolOf(context: HostsContext): {
  readonly host: ClusterHost
  readonly spool: string
  readonly incoming: string
} {
  const cluster = clusterOf(context.site)
  const [host] = cluster.hostsOf('flume')
  if (host === undefined) {
    throw new FailedError('FLUME_ABSENT', `no host of the site ${cluster.name} runs Flume`, {
      hints: ['smartcar load --direct writes the files itself', 'name the role flume for a host in the site file'],
    })
  }
  const { spool } = flumeSettings(cluster, host)
  // In the spooling folder, where the rename is atomic; Flume passes over names that begin with a dot.
  return { host, spool, incoming: spool }
}

/**
 * Gives a file to Flume exactly once: whole under a hidden name, noted here, then renamed. After a kill the note and
 * what lies in the folder tell how far it came.
 */
async function giveToFlume(file: CollectedFile, context: HostsContext): Promise<boolean> {
  const { host, spool } = spoolOf(context)
  const name = `status-${file.day}-${file.sha256.slice(0, 16)}.log`
  const note = path.join(context.layout.state, 'load', `${name}.json`)
  const hidden = `${spool}/.${name}`
  const transport = await context.transports.open(host.name)
  const access = { sudo: !host.local, signal: context.signal }
  const text = await context.files.readText(note)
  const noted = text !== undefined && sentShape.safeParse(JSON.parse(text)).success
  const waiting = (await transport.stat(hidden, access)) !== undefined
  if (noted && !waiting) return false
  if (!noted) {
    await transport.upload(file.file, hidden, { ...access, mode: 0o644 })
    await context.files.mkdir(path.dirname(note))
    await context.files.writeAtomic(note, JSON.stringify({ name }))
  }
  const owner = context.site.services.account ?? (host.local ? undefined : 'smartcar')
  const moved = await transport.script(
    `${owner === undefined ? '' : `chown ${shellQuote(owner)} ${shellQuote(hidden)} && `}mv ${shellQuote(hidden)} ${shellQuote(`${spool}/${name}`)}`,
    access,
  )
  if (moved.code !== 0) {
    throw new FailedError('SPOOL_FAILED', `the file could not be moved into ${spool} on ${host.name}`, {
      hints: ['smartcar cluster status flume'],
      data: { stderr: moved.stderr },
    })
  }
  return true
}

/** Closes what a killed Flume left open in a folder, under its final name. Returns how many files that were. */
async function finishLeftFiles(folder: string, hdfs: Hdfs, context: HostsContext): Promise<number> {
  const cluster = clusterOf(context.site)
  const files = (await hdfs.list(folder)).flatMap(({ kind, name, path: file }) =>
    kind === 'file' && !name.startsWith('.') ? [file] : [],
  )
  const open = await openFiles(hdfs, folder)
  const left = await abandoned(files, open, {
    cluster,
    tools: { http: context.http, signal: context.signal, secret: context.secret },
  })
  for (const file of left) await closeLeftFile(file, open.has(file), hdfs, cluster, hostsWorld(context))
  if (left.length > 0) {
    const text = `${folder}: closed ${plural(left.length, 'file')} that a killed Flume had left open`
    context.emit({ t: 'note', level: 'info', text })
  }
  return left.length
}

/** What a day of status rows lacks in HDFS, in words; undefined: nothing, and no row is there twice. */
async function lacking(
  day: string,
  files: readonly CollectedFile[],
  rows: number,
  known: KnownRows,
  hdfs: Hdfs,
  context: HostsContext,
): Promise<{ readonly there: number; readonly words?: string }> {
  const folder = `${folders.status}/wrk_date=${day}`
  if ((await hdfs.stat(folder)) === undefined) return { there: 0, words: `${day}: 0 of ${number(rows)} rows` }
  const found = await rowsIn(hdfs, folder, known)
  const there = Math.min(found.rows, rows)
  if ((found.open > 0 || found.rows < rows) && (await finishLeftFiles(folder, hdfs, context)) > 0) {
    return { there, words: `${day}: files of a killed Flume were just closed` }
  }
  if (found.rows < rows) return { there, words: `${day}: ${number(found.rows)} of ${number(rows)} rows` }
  if (found.open > 0) return { there, words: `${day}: ${plural(found.open, 'file')} still open` }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (found.rows === rows && found.bytes === bytes) return { there }
  // Other than was collected: somebody else's rows, or a killed Flume's, who wrote some twice and one in part.
  const { missing } = await removeDoubledRows(folder, files, hdfs, context)
  return missing === 0 ? { there } : { there, words: `${day}: ${number(missing)} rows` }
}

/** Waits until HDFS has the rows of every day, each once, and Flume has closed its files. */
async function waitForFlume(
  wanted: ReadonlyMap<string, readonly CollectedFile[]>,
  hdfs: Hdfs,
  input: LoadInput,
  context: HostsContext,
  progress: (rows: number, total: number) => void,
): Promise<void> {
  const began = context.clock.monotonic()
  const rowsOf = (files: readonly CollectedFile[]) => files.reduce((sum, { rows }) => sum + rows, 0)
  const total = [...wanted.values()].reduce((sum, files) => sum + rowsOf(files), 0)
  const known: KnownRows = new Map()
  const complete = new Map<string, number>()
  for (;;) {
    const missing: string[] = []
    let there = 0
    for (const [day, files] of wanted) {
      const rows = complete.get(day)
      const found =
        rows === undefined ? await lacking(day, files, rowsOf(files), known, hdfs, context) : { there: rows }
      there += found.there
      if ('words' in found && found.words !== undefined) missing.push(found.words)
      else complete.set(day, found.there)
    }
    progress(there, total)
    if (missing.length === 0) return
    if (context.clock.monotonic() - began > input.timeoutMs) {
      throw new CheckError('ROWS_MISSING', `Flume did not bring all rows into HDFS: ${missing.join(', ')}`, {
        hints: [
          'smartcar cluster status flume shows what it delivered and what waits',
          'smartcar cluster logs flume: HDFS may refuse the write (permission, safe mode, disk)',
          'a file stays open for idle_timeout seconds behind its last row',
        ],
      })
    }
    await context.clock.sleep(pollMs, context.signal)
  }
}

async function loadStatus(
  files: readonly CollectedFile[],
  hdfs: Hdfs,
  input: LoadInput,
  context: HostsContext,
  progress: (rows: number, total: number) => void,
): Promise<boolean> {
  const wanted = new Map<string, CollectedFile[]>()
  let given = false
  for (const file of files) {
    throwIfInterrupted(context.signal)
    if (file.day === null || file.rows === 0) continue
    // Before Flume gets more: what it delivers meanwhile would be taken for the rows that the repair replaces.
    if (!wanted.has(file.day)) await finishMending(`${folders.status}/wrk_date=${file.day}`, hdfs)
    wanted.set(file.day, [...(wanted.get(file.day) ?? []), file])
    if (await giveToFlume(file, context)) given = true
  }
  await waitForFlume(wanted, hdfs, input, context, progress)
  return given
}

/** Files as they are in the lake; of masters the newest alone, since the newest row of a car counts. */
async function loadFiles(
  kind: RecordKind,
  files: readonly CollectedFile[],
  hdfs: Hdfs,
  context: HostsContext,
): Promise<boolean> {
  const chosen = kind === 'master' ? files.slice(-1) : files
  let changed = false
  for (const file of chosen) {
    const inside = file.path.split('/').slice(1).join('/')
    const target = hdfsPath(`${folders[kind]}/${inside}`, hdfs.user)
    const folder = path.posix.dirname(target)
    if ((await hdfs.stat(folder)) === undefined) await hdfs.mkdir(folder, '755')
    if (await putFile(hdfs, file.file, target, context)) changed = true
  }
  if (kind !== 'master' || chosen.length === 0) return changed
  const kept = new Set(chosen.map(({ path: name }) => path.posix.basename(name)))
  for (const entry of await hdfs.list(folders.master)) {
    if (entry.kind !== 'file' || kept.has(entry.name)) continue
    await hdfs.remove(entry.path, false)
    changed = true
  }
  return changed
}

/** Brings everything that was collected into HDFS. Throws CheckError ROWS_MISSING when Flume loses or holds back rows. */
export async function loadCollected(input: LoadInput, context: HostsContext): Promise<LoadResult> {
  const collected = await collectedFiles(context)
  const hdfs = await hdfsOf(context, undefined)
  const kinds: LoadedKind[] = []
  for (const kind of ['status', 'drive', 'master', 'purchases'] as const) {
    const files = collected[kind]
    if (files.length === 0) continue
    const way = kind === 'status' && !input.direct ? 'flume' : 'webhdfs'
    const rows = files.reduce((sum, file) => sum + file.rows, 0)
    const changed = await stage(
      context.emit,
      { id: `load:${kind}`, title: `load ${kind} ${way === 'flume' ? 'through Flume' : 'into HDFS'}` },
      (progress) =>
        way === 'flume'
          ? loadStatus(files, hdfs, input, context, (done, total) => progress(done, 'rows', total))
          : loadFiles(kind, files, hdfs, context),
      (did) => ({
        outcome: did ? 'done' : 'unchanged',
        summary: did ? `${plural(files.length, 'file')} in ${folders[kind]}` : 'unchanged',
        counts: { rows },
      }),
    )
    kinds.push({ kind, way, files: files.length, rows, status: changed ? 'loaded' : 'unchanged' })
  }
  const alerts = await alertFiles(context)
  if (alerts.length > 0) {
    const rows = alerts.reduce((sum, file) => sum + file.rows, 0)
    const changed = await stage(
      context.emit,
      { id: 'load:alerts', title: 'load alerts into HDFS' },
      () => loadAlerts(alerts, hdfs, context),
      (did) => ({
        outcome: did ? 'done' : 'unchanged',
        summary: did ? `${plural(alerts.length, 'day')} in ${folders.alerts}` : 'unchanged',
        counts: { rows },
      }),
    )
    kinds.push({
      kind: 'alerts',
      way: 'webhdfs',
      files: alerts.length,
      rows,
      status: changed ? 'loaded' : 'unchanged',
    })
  }
  if (kinds.length === 0) {
    throw new FailedError('NOTHING_COLLECTED', 'nothing is collected that could be loaded', {
      hints: ['smartcar collect PATH first'],
    })
  }
  return { kinds, changed: kinds.some(({ status }) => status === 'loaded') }
}

/** One line a kind. */
export function loadText({ kinds }: LoadResult): string {
  return kinds
    .map(
      ({ kind, way, files, rows, status }) =>
        `${kind}: ${status}: ${plural(files, 'file')}, ${number(rows)} rows, ${way === 'flume' ? 'through Flume' : 'by WebHDFS'} to ${folders[kind]}\n`,
    )
    .join('')
}
