import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { FailedError, systemCode, throwIfInterrupted } from '../../core/errors.js'
import { shellQuote, type TransferOptions, type TransferResult } from '../../core/transport.js'
import { type Execute, fileScript } from './shell-files.js'

/** Measured best with ssh2 (recipe ssh-cm, section 2.3): the largest write that OpenSSH takes, this many at once. */
const chunkBytes = 258_048
const window = 16

/** A file at the other end that is written or read by position. */
export interface RemoteHandle {
  write(chunk: Buffer, position: number): Promise<void>
  /** Fills `target`; returns the bytes read, 0 at the end. */
  read(target: Buffer, position: number): Promise<number>
  close(): Promise<void>
}

export interface TransferParts {
  readonly host: string
  readonly execute: Execute
  /** Opens a file at the other end as the account that logged in. */
  open(path: string, mode: 'create' | 'update' | 'read'): Promise<RemoteHandle>
}

async function hashRange(
  file: FileHandle,
  hash: Hash,
  length: number,
  signal?: AbortSignal,
  offset = 0,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  for (let at = 0; at < length; ) {
    if (signal !== undefined) throwIfInterrupted(signal)
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.byteLength, length - at), offset + at)
    if (bytesRead === 0) throw new FailedError('FILE_CHANGED', 'the file became shorter while it was read')
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

/**
 * Keeps `window` chunks under way; a chunk starts only when the one `window` before it has ended, so everything below
 * `size - window * chunk` of a broken-off file is complete. `start` fills a buffer, `send` takes it away.
 */
async function pipeline(
  from: number,
  total: number,
  step: (buffer: Buffer, position: number) => Promise<{ length: number; sent: Promise<void> }>,
  onProgress: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const buffers = Array.from({ length: window }, () => Buffer.allocUnsafe(chunkBytes))
  const busy: Promise<void>[] = buffers.map(() => Promise.resolve())
  let failure: { readonly error: unknown } | undefined
  let position = from
  let done = from
  for (let turn = 0; position < total && failure === undefined; turn = (turn + 1) % window) {
    if (signal !== undefined) throwIfInterrupted(signal)
    await busy[turn]
    const buffer = buffers[turn]
    if (buffer === undefined || failure !== undefined) break
    const { length, sent } = await step(buffer.subarray(0, Math.min(chunkBytes, total - position)), position)
    if (length === 0) throw new FailedError('FILE_CHANGED', 'the file became shorter while it was copied')
    busy[turn] = sent.then(
      () => {
        done += length
        onProgress(done)
      },
      (error: unknown) => {
        failure ??= { error }
      },
    )
    position += length
  }
  await Promise.all(busy)
  if (failure !== undefined) throw failure.error
}

/** Bytes at the front of a broken-off file that are there for certain, see `pipeline`. */
function certainBytes(partSize: number, size: number): number {
  return Math.max(0, Math.min(partSize, size) - window * chunkBytes)
}

/** SHA-256 of the first `length` bytes of a file of the host. */
async function prefixHash(
  parts: TransferParts,
  path: string,
  length: number,
  options: TransferOptions,
): Promise<string> {
  const text = `head -c ${length} ${shellQuote(path)} | sha256sum | cut -d' ' -f1`
  return (await fileScript(parts.execute, parts.host, { doing: 'read', path }, text, options)).trim()
}

function progressThrottle(options: TransferOptions, total: number): (done: number) => void {
  let last = 0
  return (done) => {
    const now = performance.now()
    if (options.onProgress === undefined || (now - last < 100 && done < total)) return
    last = now
    options.onProgress(done, total)
  }
}

interface RemoteState {
  readonly target: string
  readonly partSize: number
  readonly free: number
}

/** Hash of the finished file when it has the right size, size of the part, free bytes of the folder. */
async function lookAt(
  parts: TransferParts,
  names: { readonly target: string; readonly part: string },
  size: number,
  options: TransferOptions,
): Promise<RemoteState> {
  const { sudo, ...own } = options
  const [target, part, folder] = [names.target, names.part, path.posix.dirname(names.part)].map(shellQuote)
  const targetText = `[ -d ${target} ] && { echo 'it is a folder' >&2; exit 1; }
if [ "$(stat -Lc %s ${target} 2>/dev/null)" = ${size} ]; then sha256sum <${target} | cut -d' ' -f1; else echo -; fi`
  const partText = `mkdir -p ${folder} || exit 1
stat -c %s ${part} 2>/dev/null || echo 0
df -Pk ${folder} | awk 'NR==2 { printf "%.0f\\n", $4 * 1024 }'`
  const ask = (text: string, access: TransferOptions) =>
    fileScript(parts.execute, parts.host, { doing: 'write', path: names.target }, text, access)
  // Only root may look at the target, and the part belongs to the account.
  const text = sudo
    ? `${(await ask(targetText, options)).trim()}\n${await ask(partText, own)}`
    : await ask(`${targetText}\n${partText}`, own)
  const [hash = '-', partSize = '0', free = ''] = text.trim().split('\n')
  return { target: hash, partSize: Number(partSize), free: free === '' ? Number.POSITIVE_INFINITY : Number(free) }
}

/**
 * Sends a file: to `<target>.part`, continuing what an earlier attempt left when its content agrees, then compares
 * SHA-256 on both sides and renames. With sudo the part lies in the account's home and root moves it.
 */
export async function upload(
  parts: TransferParts,
  local: string,
  target: string,
  options: TransferOptions,
): Promise<TransferResult> {
  const begin = performance.now()
  const { host, execute } = parts
  const file = await open(local, 'r').catch((cause: unknown) => {
    throw systemCode(cause) === 'ENOENT'
      ? new FailedError('FILE_ABSENT', `${local} does not exist`, { cause, place: { file: local } })
      : cause
  })
  try {
    const { offset = 0, length: size = (await file.stat()).size } = options.range ?? {}
    const { sudo, ...own } = options
    const home = sudo ? (await fileScript(execute, host, { doing: 'find', path: '~' }, 'cd && pwd', own)).trim() : ''
    const id = createHash('sha256').update(target).digest('hex').slice(0, 16)
    const part = sudo ? path.posix.join(home, `.smartcar-upload-${id}.part`) : `${target}.part`
    const state = await lookAt(parts, { target, part }, size, options)
    const hash = createHash('sha256')
    let from = 0
    const certain = certainBytes(state.partSize, size)
    if (state.target !== '-') {
      const whole = createHash('sha256')
      await hashRange(file, whole, size, options.signal, offset)
      const sha256 = whole.digest('hex')
      if (sha256 === state.target) {
        await finish(parts, { part: undefined, target }, sha256, options)
        return { bytes: size, sha256, resumedFrom: 0, status: 'unchanged', ms: performance.now() - begin }
      }
    }
    if (certain > 0) {
      const prefix = createHash('sha256')
      await hashRange(file, prefix, certain, options.signal, offset)
      if (prefix.digest('hex') === (await prefixHash(parts, part, certain, own))) from = certain
    }
    if (state.free + Math.min(state.partSize, size) < size) {
      throw new FailedError(
        'REMOTE_DISK_FULL',
        `${host}: ${target} needs ${size} bytes, ${state.free} are free below ${path.posix.dirname(part)}`,
        {
          place: { thing: `${host}:${target}` },
          hints: [`free some space on ${host}, then run the same command again`],
        },
      )
    }
    if (from > 0) await hashRange(file, hash, from, options.signal, offset)
    const handle = await parts.open(part, from > 0 ? 'update' : 'create')
    try {
      await pipeline(
        from,
        size,
        async (buffer, position) => {
          const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, offset + position)
          const chunk = buffer.subarray(0, bytesRead)
          // Sent first: the hash is reckoned while the chunk is under way.
          const sent = handle.write(chunk, position)
          hash.update(chunk)
          return { length: bytesRead, sent }
        },
        progressThrottle(options, size),
        options.signal,
      )
    } finally {
      await handle.close()
    }
    const sha256 = hash.digest('hex')
    await finish(parts, { part, target }, sha256, options)
    return { bytes: size, sha256, resumedFrom: from, status: 'written', ms: performance.now() - begin }
  } finally {
    await file.close()
  }
}

const mismatch = 45

/** Compares the hash, sets owner and mode, renames; without a part only owner and mode. */
async function finish(
  parts: TransferParts,
  names: { readonly part: string | undefined; readonly target: string },
  sha256: string,
  options: TransferOptions,
): Promise<void> {
  const target = shellQuote(names.target)
  const rights = (file: string) =>
    [
      options.owner === undefined ? '' : `chown ${shellQuote(options.owner)} ${file} || exit 1`,
      options.mode === undefined ? '' : `chmod ${options.mode.toString(8)} ${file} || exit 1`,
    ].join('\n')
  if (names.part === undefined) {
    if (options.owner !== undefined || options.mode !== undefined)
      await fileScript(parts.execute, parts.host, { doing: 'write', path: names.target }, rights(target), options)
    return
  }
  const part = shellQuote(names.part)
  // From the account's home to a folder of root's: another file system perhaps, so copied beside the target first.
  const move = options.sudo
    ? `mkdir -p ${shellQuote(path.posix.dirname(names.target))} && cp ${part} ${target}.part || exit 1
${rights(`${target}.part`)}
mv -fT ${target}.part ${target} && rm -f ${part}`
    : `${rights(part)}
mv -fT ${part} ${target}`
  const result = await parts.execute(
    {
      kind: 'script',
      text: `[ "$(sha256sum <${part} | cut -d' ' -f1)" = ${sha256} ] || { rm -f ${part}; exit ${mismatch}; }\n${move}`,
      env: {},
    },
    { sudo: options.sudo ?? false, ...(options.signal === undefined ? {} : { signal: options.signal }) },
  )
  if (result.code === 0) return
  if (result.code === mismatch) {
    throw new FailedError('UPLOAD_DAMAGED', `${parts.host}: ${names.target} arrived with another SHA-256`, {
      hints: ['run the same command again; if it happens twice, check the memory and the disk of both machines'],
      place: { thing: `${parts.host}:${names.target}` },
    })
  }
  throw new FailedError(
    'REMOTE_FILE_FAILED',
    `${parts.host}: cannot write ${names.target}: ${result.stderr.toString('utf8').trim().split('\n').at(-1) ?? ''}`,
    { place: { thing: `${parts.host}:${names.target}` } },
  )
}

/** How much of `part` is the front of the host's file: what an earlier attempt left is used as far as its content agrees. */
async function usableBytes(
  parts: TransferParts,
  source: string,
  part: string,
  size: number,
  options: TransferOptions,
): Promise<number> {
  const left = await stat(part).catch(() => undefined)
  const certain = left?.isFile() ? certainBytes(left.size, size) : 0
  if (certain === 0) return 0
  const hash = createHash('sha256')
  await using file = await open(part, 'r')
  await hashRange(file, hash, certain, options.signal)
  return hash.digest('hex') === (await prefixHash(parts, source, certain, options)) ? certain : 0
}

/**
 * Fetches a file: to `<local>.part`, continuing what an earlier attempt left when its content agrees, SHA-256 compared
 * with the host's, then renamed.
 */
export async function download(
  parts: TransferParts,
  source: string,
  local: string,
  options: Omit<TransferOptions, 'owner'>,
): Promise<TransferResult> {
  const begin = performance.now()
  const name = shellQuote(source)
  const text = await fileScript(
    parts.execute,
    parts.host,
    { doing: 'read', path: source },
    `[ ! -d ${name} ] || { echo 'it is a folder' >&2; exit 1; }
stat -Lc %s -- ${name} && sha256sum <${name} | cut -d' ' -f1`,
    options,
  )
  const [sizeText = '0', expected = ''] = text.trim().split('\n')
  const size = Number(sizeText)
  const same = await stat(local).catch(() => undefined)
  if (same?.isFile() && same.size === size) {
    const hash = createHash('sha256')
    await using file = await open(local, 'r')
    await hashRange(file, hash, size, options.signal)
    if (hash.digest('hex') === expected)
      return { bytes: size, sha256: expected, resumedFrom: 0, status: 'unchanged', ms: performance.now() - begin }
  }
  const part = `${local}.part`
  await mkdir(path.dirname(path.resolve(local)), { recursive: true })
  const from = await usableBytes(parts, source, part, size, options)
  let readable = source
  if (options.sudo) {
    // SFTP is not root: root hands over a copy.
    const copy = `f=$(mktemp) && cat ${name} >"$f" && chown "$SUDO_UID" "$f" && echo "$f"`
    readable = (await fileScript(parts.execute, parts.host, { doing: 'read', path: source }, copy, options)).trim()
  }
  const handle = await parts.open(readable, 'read')
  try {
    const file = await open(part, from > 0 ? 'r+' : 'w', options.mode ?? 0o666)
    try {
      // What was left may be longer than the host's file is now.
      await file.truncate(from)
      await pipeline(
        from,
        size,
        async (buffer, position) => ({
          length: buffer.byteLength,
          sent: fillFrom(handle, buffer, position).then(async (filled) => {
            await file.write(filled, 0, filled.byteLength, position)
          }),
        }),
        progressThrottle(options, size),
        options.signal,
      )
      await file.sync()
    } finally {
      await file.close()
    }
  } finally {
    await handle.close()
    if (options.sudo)
      await fileScript(
        parts.execute,
        parts.host,
        { doing: 'remove', path: readable },
        `rm -f ${shellQuote(readable)}`,
        {},
      )
  }
  const hash = createHash('sha256')
  {
    await using file = await open(part, 'r')
    await hashRange(file, hash, size, options.signal)
  }
  const sha256 = hash.digest('hex')
  if (sha256 !== expected) {
    await rm(part, { force: true })
    throw new FailedError('DOWNLOAD_DAMAGED', `${parts.host}: ${source} arrived with another SHA-256`, {
      hints: ['it may have changed meanwhile: run the same command again'],
      place: { thing: `${parts.host}:${source}` },
    })
  }
  await rename(part, local)
  return { bytes: size, sha256, resumedFrom: from, status: 'written', ms: performance.now() - begin }
}

async function fillFrom(handle: RemoteHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0
  while (filled < buffer.byteLength) {
    const count = await handle.read(buffer.subarray(filled), position + filled)
    if (count === 0) throw new FailedError('FILE_CHANGED', 'the file became shorter while it was copied')
    filled += count
  }
  return buffer
}
