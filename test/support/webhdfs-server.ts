import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { HdfsChecksum } from '../../src/services/hdfs/checksum.js'

/** What goes wrong with a request of an operation. */
export interface Faults {
  /** Refuses with this exception. */
  refuse?: (op: string, name: string) => readonly [exception: string, message: string] | undefined
  /** Cuts the connection after so many bytes of an upload or a download. */
  cutAfter?: (op: string, call: number) => number | undefined
  /** Answers with other bytes than it has. */
  damage?: boolean
}

/**
 * NameNode and DataNode in one process, as recorded from Hadoop 3.4.2: two-step writes, a Location whose host only the
 * site knows, `100 Continue` that nobody asked for, the bytes of a cut upload kept, RemoteException bodies.
 */
export class WebHdfsServer implements AsyncDisposable {
  readonly files = new Map<string, Buffer>()
  readonly folders = new Set(['/'])
  readonly requests: string[] = []
  private readonly blockSizes = new Map<string, number>()
  private readonly calls = new Map<string, number>()
  fsck =
    "\nStatus: HEALTHY\n Total files:\t1\n Total blocks (validated):\t2 (avg)\n\nThe filesystem under path '/' is HEALTHY"
  beans: Record<string, unknown> = { Safemode: '' }

  private constructor(
    private readonly server: Server,
    readonly faults: Faults,
  ) {}

  static async start(faults: Faults = {}): Promise<WebHdfsServer> {
    const server = createServer()
    const fake = new WebHdfsServer(server, faults)
    server.on('request', (request, response) => {
      fake.answer(request, response).catch((error) => {
        if (!response.headersSent) response.writeHead(500)
        response.end(String(error))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** A site file's text whose HDFS this is. */
  get site(): string {
    return `name: fake
profile: apache
hosts:
  server01:
    address: 127.0.0.1
    roles: [namenode, datanode]
services:
  account: tester
  hdfs:
    namenode: { http: ${this.port} }
`
  }

  private status(name: string, suffix: string) {
    const file = this.files.get(name)
    const base = { pathSuffix: suffix, owner: 'tester', group: 'supergroup', modificationTime: 1_600_000_000_000 }
    if (file !== undefined)
      return {
        ...base,
        type: 'FILE',
        length: file.length,
        permission: '644',
        replication: 1,
        blockSize: this.blockSizes.get(name) ?? 1024 * 1024,
      }
    return { ...base, type: 'DIRECTORY', length: 0, permission: '755', replication: 0, blockSize: 0 }
  }

  private there = (name: string) => this.files.has(name) || this.folders.has(name)

  private makeFolders(name: string): void {
    for (let folder = name; folder !== '/'; folder = path.posix.dirname(folder)) this.folders.add(folder)
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x')
    const json = (value: unknown, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    }
    const refuse = (exception: string, message: string, status = 403) =>
      json({ RemoteException: { exception, javaClassName: `x.${exception}`, message } }, status)
    if (url.pathname === '/fsck') {
      response.end(this.fsck)
      return
    }
    if (url.pathname === '/jmx') {
      json({ beans: [this.beans] })
      return
    }
    const name = decodeURIComponent(url.pathname.replace('/webhdfs/v1', '')) || '/'
    const op = (url.searchParams.get('op') ?? '').toUpperCase()
    this.requests.push(`${request.method} ${op} ${name}`)
    const refused = this.faults.refuse?.(op, name)
    if (refused !== undefined) {
      refuse(...refused)
      return
    }
    const missing = () => refuse('FileNotFoundException', `File does not exist: ${name}`, 404)
    const second = url.searchParams.has('datanode')
    if (['CREATE', 'APPEND', 'OPEN', 'GETFILECHECKSUM'].includes(op) && !second) {
      if (op !== 'CREATE' && !this.files.has(name)) {
        missing()
        return
      }
      url.searchParams.set('datanode', 'true')
      json({ Location: `http://server01.hadoop.com:${this.port}${url.pathname}${url.search}` })
      return
    }
    const file = this.files.get(name)
    switch (op) {
      case 'GETFILESTATUS':
        if (this.there(name)) json({ FileStatus: this.status(name, '') })
        else missing()
        return
      case 'LISTSTATUS': {
        if (!this.there(name)) {
          missing()
          return
        }
        const names = file === undefined ? [...this.files.keys(), ...this.folders] : []
        const inside = names.filter((one) => one !== '/' && path.posix.dirname(one) === name).sort()
        const FileStatus =
          file === undefined ? inside.map((one) => this.status(one, path.posix.basename(one))) : [this.status(name, '')]
        json({ FileStatuses: { FileStatus } })
        return
      }
      case 'GETSERVERDEFAULTS':
        json({ FsServerDefaults: { blockSize: 1024 * 1024 } })
        return
      case 'GETCONTENTSUMMARY': {
        const inside = [...this.files].filter(([one]) => one === name || one.startsWith(`${name}/`))
        const length = inside.reduce((sum, [, bytes]) => sum + bytes.length, 0)
        json({ ContentSummary: { length, spaceConsumed: length, fileCount: inside.length, directoryCount: 1 } })
        return
      }
      case 'MKDIRS':
        this.makeFolders(name)
        json({ boolean: true })
        return
      case 'RENAME': {
        const to = url.searchParams.get('destination') ?? ''
        if (file === undefined) return void missing()
        this.files.set(to, file)
        this.blockSizes.set(to, this.blockSizes.get(name) ?? 0)
        this.files.delete(name)
        response.end()
        return
      }
      case 'DELETE':
        for (const one of [...this.files.keys()]) if (one === name || one.startsWith(`${name}/`)) this.files.delete(one)
        this.folders.delete(name)
        json({ boolean: true })
        return
      case 'GETFILECHECKSUM': {
        const checksum = new HdfsChecksum(this.blockSizes.get(name) ?? 1024 * 1024)
        checksum.update(file ?? Buffer.alloc(0))
        const bytes = `${'0'.repeat(24)}${checksum.digest()}00000000`
        json({ FileChecksum: { algorithm: 'MD5-of-0MD5-of-512CRC32C', bytes, length: 28 } })
        return
      }
      case 'CREATE':
      case 'APPEND':
        await this.write(op, name, Number(url.searchParams.get('blocksize')), request, response)
        return
      case 'OPEN':
        this.read(file ?? Buffer.alloc(0), Number(url.searchParams.get('offset') ?? 0), response)
        return
      default:
        refuse('IllegalArgumentException', `Invalid value for webhdfs parameter "op": ${op}`, 400)
    }
  }

  private call(op: string): number {
    const count = this.calls.get(op) ?? 0
    this.calls.set(op, count + 1)
    return count
  }

  private async write(op: string, name: string, blockSize: number, request: IncomingMessage, response: ServerResponse) {
    const cut = this.faults.cutAfter?.(op, this.call(op))
    // Before it was asked to, as the DataNode does it.
    response.writeContinue()
    if (op === 'CREATE') {
      this.files.set(name, Buffer.alloc(0))
      this.blockSizes.set(name, blockSize)
      this.makeFolders(path.posix.dirname(name))
    }
    let taken = 0
    for await (const chunk of request) {
      const bytes = cut === undefined ? (chunk as Buffer) : (chunk as Buffer).subarray(0, cut - taken)
      taken += bytes.length
      this.files.set(name, Buffer.concat([this.files.get(name) ?? Buffer.alloc(0), bytes]))
      if (cut !== undefined && taken >= cut) {
        request.socket.destroy()
        return
      }
    }
    const written = this.files.get(name)
    if (this.faults.damage === true && written !== undefined && written.length > 0)
      written[0] = (written[0] as number) ^ 1
    response.writeHead(op === 'CREATE' ? 201 : 200)
    response.end()
  }

  private read(file: Buffer, offset: number, response: ServerResponse): void {
    const bytes = Buffer.from(file.subarray(offset))
    if (this.faults.damage === true && bytes.length > 0) bytes[0] = (bytes[0] as number) ^ 1
    const cut = this.faults.cutAfter?.('OPEN', this.call('OPEN'))
    response.writeHead(200, { 'content-length': String(bytes.length) })
    if (cut === undefined || cut >= bytes.length) response.end(bytes)
    else response.write(bytes.subarray(0, cut), () => response.socket?.destroy())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
