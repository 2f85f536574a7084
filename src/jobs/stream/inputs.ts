/** Inputs that end: the collected logs of a day, files, stdin. */
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { FailedError, throwIfInterrupted } from '../../core/errors.js'
import { readLakeManifests } from '../../core/lake.js'
import type { JobContext } from '../../core/ports.js'
import { detectKind } from '../../logs/detect.js'
import { type Content, openSource, type Source, SourceError } from '../../logs/source.js'
import { createDriveDecoder, rowTime, slack } from '../../rules/drive-rows.js'
import type { InputName } from './detector.js'

export type InputContext = Pick<JobContext, 'layout' | 'files' | 'emit' | 'signal'>

/** An input that is being read. */
export interface OpenInput extends AsyncDisposable {
  content(): Content
}

/** An input that was looked at and is opened when its turn comes: a day may have thousands of files. */
export interface Input {
  readonly name: InputName
  /** Seconds since 1970 of the first sound row, as far as one stands near the beginning; else minus infinity. */
  readonly firstTime: number
  open(): Promise<OpenInput>
}

const peekBytes = 64 * 1024
const newline = 0x0a

async function firstTime(source: Source): Promise<number> {
  await using content = source.content()
  const bytes = new Uint8Array(peekBytes + slack)
  let filled = 0
  for (let count = -1; count !== 0 && filled < peekBytes; filled += count) {
    count = await content.read(bytes.subarray(filled, peekBytes))
  }
  const decoder = createDriveDecoder(new Set(), () => {})
  decoder.decode(bytes, 0, bytes.lastIndexOf(newline, filled - 1) + 1)
  const { batch } = decoder
  return batch.rows === 0 ? Number.NEGATIVE_INFINITY : rowTime(batch, 0)
}

function notDrive(file: string, looks: string, cause?: unknown): FailedError {
  return new FailedError('INPUT_NOT_DRIVE', `${file} is no drive log: ${looks}`, {
    cause,
    place: { file },
    hints: ['stream rules read rows such as 20200322000002,E0022,3,0,F,N,45,B01'],
  })
}

async function assertDrive(source: Source): Promise<void> {
  try {
    const kind = await detectKind(source)
    if (kind !== 'drive') throw notDrive(source.path, `its rows are those of the ${kind} file`)
  } catch (error) {
    if (error instanceof SourceError && error.code.startsWith('KIND_'))
      throw notDrive(source.path, error.message, error)
    throw error
  }
}

/** Looks at a file: `check` may refuse it. */
async function inputOf(
  file: string,
  name: InputName,
  context: InputContext,
  check: (source: Source) => Promise<void> = async () => {},
): Promise<Input> {
  await using source = await openSource(file, context.files)
  await check(source)
  return { name, firstTime: await firstTime(source), open: () => openSource(file, context.files) }
}

/** Files, plain or gzip. Empty ones are passed over with a warning, unless there is no other. */
export async function fileInputs(paths: readonly string[], context: InputContext): Promise<Input[]> {
  const inputs: Input[] = []
  for (const file of new Set(paths.map((given) => path.resolve(given)))) {
    throwIfInterrupted(context.signal)
    try {
      inputs.push(await inputOf(file, { name: path.basename(file), id: file }, context, assertDrive))
    } catch (error) {
      if (!(error instanceof SourceError && error.code === 'FILE_EMPTY' && paths.length > 1)) throw error
      context.emit({ t: 'note', level: 'warn', text: `${file} is empty` })
    }
  }
  return inputs
}

/** The collected drive logs of a day (yyyyMMdd). Throws FailedError when there are none. */
export async function dayInputs(day: string, context: InputContext): Promise<Input[]> {
  const manifests = await readLakeManifests(context, 'drive')
  const found = manifests.flatMap((manifest) => manifest.files.filter((file) => file.day === day))
  if (found.length === 0) {
    const days = [...new Set(manifests.flatMap(({ files }) => files.map((file) => file.day ?? '')))].sort()
    throw new FailedError('DAY_NOT_COLLECTED', `no drive log of ${day} is collected`, {
      hints: [
        days.length === 0 ? 'smartcar collect files drive logs into the lake' : `collected days: ${days.join(', ')}`,
      ],
      data: { day, collected: days },
    })
  }
  const inputs: Input[] = []
  for (const file of found) {
    throwIfInterrupted(context.signal)
    inputs.push(await inputOf(path.join(context.layout.lake, file.path), { name: file.path, id: file.path }, context))
  }
  return inputs
}

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b
const isUtf16 = (head: Uint8Array): boolean =>
  (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)

/** Unpacks a stream of gzip bytes. */
async function* gunzipped(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  const finished = pipeline(Readable.from(packed, { objectMode: false }), gunzip)
  // The reader below throws the same error.
  finished.catch(() => {})
  try {
    yield* gunzip
  } catch (cause) {
    throw new FailedError('GZIP_DAMAGED', 'stdin is damaged or incomplete gzip data', {
      cause,
      hints: ['check what is piped in with gzip -t'],
    })
  }
}

/** A stream of bytes, plain or gzip, as content. */
async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array(0)
  let ended = false
  while (head.byteLength < 2 && !ended) {
    const next = await iterator.next()
    ended = next.done === true
    if (!next.done) head = Buffer.concat([head, next.value])
  }
  if (isUtf16(head)) {
    throw new FailedError('ENCODING_UTF16', 'stdin is UTF-16; logs are UTF-8', {
      hints: ['convert it: … | iconv -f UTF-16 -t UTF-8 | smartcar stream run -'],
    })
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  yield* isGzip(head) ? gunzipped(whole()) : whole()
}

/** The bytes of a stream, plain or gzip. */
function streamContent(chunks: AsyncIterable<Uint8Array>): Content {
  const bytes = unpacked(chunks)
  let rest: Uint8Array = new Uint8Array(0)
  let consumed = 0
  return {
    get consumed() {
      return consumed
    },
    async read(target) {
      while (rest.byteLength === 0) {
        const next = await bytes.next()
        if (next.done) return 0
        rest = next.value
      }
      const count = Math.min(rest.byteLength, target.byteLength)
      target.set(rest.subarray(0, count))
      rest = rest.subarray(count)
      consumed += count
      return count
    },
    async [Symbol.asyncDispose]() {
      await bytes.return(undefined)
    },
  }
}

/** Stdin, plain or gzip. */
export function streamInput(chunks: AsyncIterable<Uint8Array>): Input {
  return {
    name: { name: 'stdin', id: 'stdin' },
    firstTime: Number.NEGATIVE_INFINITY,
    open: async () => ({ content: () => streamContent(chunks), async [Symbol.asyncDispose]() {} }),
  }
}
