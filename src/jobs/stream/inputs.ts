/** Inputs that end: the collected logs of a day, files, stdin. */
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { FailedError } from '../../core/errors.js'
import { readLakeManifests } from '../../core/lake.js'
import type { JobContext } from '../../core/ports.js'
import { createDriveDecoder } from '../../rules/drive-rows.js'
import { detectKind } from '../collect/detect.js'
import { type Content, lineBlocks, openSource, type Source, SourceError } from '../collect/source.js'
import type { InputName } from './detector.js'

export type InputContext = Pick<JobContext, 'layout' | 'files' | 'emit' | 'signal'>

/** One input, opened and looked at, not read yet. */
export interface OpenInput extends AsyncDisposable {
  readonly name: InputName
  /** bytes, as far as they are known */
  readonly size: number | undefined
  content(): Content
}

/** Seconds since 1970 of the first sound row; infinite when there is none near the beginning. */
async function firstTime(source: Source): Promise<number> {
  const decoder = createDriveDecoder(new Set(), () => {})
  await using content = source.content()
  for await (const block of lineBlocks(content)) {
    if (block.long) continue
    decoder.decode(block.bytes, 0, block.end)
    break
  }
  const { batch } = decoder
  return batch.rows === 0 ? Number.POSITIVE_INFINITY : (batch.day[0] ?? 0) * 86_400 + (batch.second[0] ?? 0)
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

interface NamedSource {
  readonly source: Source
  readonly name: InputName
}

function openInput({ source, name }: NamedSource): OpenInput {
  return {
    name,
    size: source.info.size,
    content: () => source.content(),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

/**
 * Orders by the time of the first row, so that files that were collected or named in another order than they were
 * written give the same alerts; files that start together keep their order.
 */
async function inOrderOfTime(sources: readonly NamedSource[]): Promise<OpenInput[]> {
  const timed = await Promise.all(sources.map(async (named) => ({ named, time: await firstTime(named.source) })))
  return timed.sort((a, b) => (a.time === b.time ? 0 : a.time - b.time)).map(({ named }) => openInput(named))
}

/** Files, plain or gzip. Empty ones are passed over with a warning, unless there is no other. */
export async function openFiles(paths: readonly string[], context: InputContext): Promise<OpenInput[]> {
  const opened: NamedSource[] = []
  try {
    for (const file of new Set(paths.map((given) => path.resolve(given)))) {
      try {
        const source = await openSource(file, context.files)
        opened.push({ source, name: { name: path.basename(file), id: file } })
        await assertDrive(source)
      } catch (error) {
        if (!(error instanceof SourceError && error.code === 'FILE_EMPTY' && paths.length > 1)) throw error
        context.emit({ t: 'note', level: 'warn', text: `${file} is empty` })
      }
    }
    return await inOrderOfTime(opened)
  } catch (error) {
    for (const { source } of opened) await source[Symbol.asyncDispose]()
    throw error
  }
}

/** The collected drive logs of a day (yyyyMMdd). Throws FailedError when there are none. */
export async function openDayFiles(day: string, context: InputContext): Promise<OpenInput[]> {
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
  const opened: NamedSource[] = []
  try {
    for (const file of found) {
      const source = await openSource(path.join(context.layout.lake, file.path), context.files)
      opened.push({ source, name: { name: file.path, id: file.path } })
    }
    return await inOrderOfTime(opened)
  } catch (error) {
    for (const { source } of opened) await source[Symbol.asyncDispose]()
    throw error
  }
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

/** Stdin, plain or gzip. */
export function openStream(chunks: AsyncIterable<Uint8Array>): OpenInput {
  return {
    name: { name: 'stdin', id: 'stdin' },
    size: undefined,
    content() {
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
    },
    async [Symbol.asyncDispose]() {},
  }
}
