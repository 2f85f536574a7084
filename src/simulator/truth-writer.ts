import { createHash } from 'node:crypto'
import type { AtomicFile, JobContext } from '../core/ports.js'
import type { WrittenFile } from './output.js'

const keepInMemory = 1024 * 1024

/** A JSON list that may become longer than memory: what does not fit goes to a temporary file. */
class Spool implements AsyncDisposable {
  private text: string[] = []
  private size = 0
  private file: AtomicFile | undefined
  private separator = '\n'

  constructor(
    private readonly context: Pick<JobContext, 'files'>,
    private readonly path: string,
  ) {}

  async add(values: readonly unknown[]): Promise<void> {
    for (const value of values) {
      const line = this.separator + JSON.stringify(value)
      this.separator = ',\n'
      this.text.push(line)
      this.size += line.length
    }
    if (this.size > keepInMemory) {
      this.file ??= await this.context.files.createAtomic(this.path)
      await this.file.write(this.take())
    }
  }

  private take(): string {
    const text = this.text.join('')
    this.text = []
    this.size = 0
    return text
  }

  async copyTo(write: (data: Uint8Array | string) => Promise<void>): Promise<void> {
    if (this.file !== undefined) {
      await using reader = await this.context.files.open(this.file.temporaryPath)
      const block = new Uint8Array(64 * 1024)
      for (let read = await reader.read(block); read > 0; read = await reader.read(block))
        await write(block.subarray(0, read))
    }
    await write(this.take())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file?.[Symbol.asyncDispose]()
  }
}

/**
 * Writes a truth file (see truth.ts) at flat memory: lists grow while rows are made, the rest is given at the end.
 * The file appears complete, by `commit`, or not at all.
 */
export class TruthWriter<List extends string> implements AsyncDisposable {
  private constructor(
    private readonly target: AtomicFile,
    private readonly path: string,
    private readonly lists: ReadonlyMap<List, Spool>,
  ) {}

  /** Throws at once when the file cannot be written. */
  static async open<List extends string>(
    context: Pick<JobContext, 'files'>,
    path: string,
    lists: readonly List[],
  ): Promise<TruthWriter<List>> {
    const target = await context.files.createAtomic(path)
    await target.write('{')
    return new TruthWriter(target, path, new Map(lists.map((name) => [name, new Spool(context, `${path}.${name}`)])))
  }

  async add(list: List, values: readonly unknown[]): Promise<void> {
    await this.lists.get(list)?.add(values)
  }

  /** `rest`: everything that is no list of `open`. */
  async commit(rest: Readonly<Record<string, unknown>>): Promise<WrittenFile> {
    const hash = createHash('sha256').update('{')
    let bytes = 1
    const write = async (data: Uint8Array | string) => {
      hash.update(data)
      bytes += Buffer.byteLength(data)
      await this.target.write(data)
    }
    const members = Object.entries(rest).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    await write(members.join(',\n'))
    for (const [name, list] of this.lists) {
      await write(`,\n${JSON.stringify(name)}:[`)
      await list.copyTo(write)
      await write(']')
    }
    await write('}\n')
    await this.target.commit()
    return { path: this.path, bytes, sha256: hash.digest('hex') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const list of this.lists.values()) await list[Symbol.asyncDispose]()
    await this.target[Symbol.asyncDispose]()
  }
}
