import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Web extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string
  readonly files: Map<string, Uint8Array>
  /** `path` and, of a range, `path from`. */
  readonly requests: string[]
  /** Answers instead of the files; true: it has answered. */
  fault: ((path: string, request: IncomingMessage, response: ServerResponse) => boolean) | undefined
}

/** A web server of files in memory, with Range, as package mirrors have it. */
export async function startWeb(): Promise<Web> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).slice(1)
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
    const from = range === null ? 0 : Number(range[1])
    web.requests.push(range === null ? path : `${path} ${from}`)
    if (web.fault?.(path, request, response) === true) return
    const data = web.files.get(path)
    if (data === undefined) response.writeHead(404).end('404')
    else if (range !== null && from >= data.byteLength) response.writeHead(416).end()
    else {
      response.writeHead(range === null ? 200 : 206, {
        'content-length': data.byteLength - from,
        ...(range === null ? {} : { 'content-range': `bytes ${from}-${data.byteLength - 1}/${data.byteLength}` }),
      })
      response.end(data.subarray(from))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const web: Web = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    files: new Map(),
    requests: [],
    fault: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return web
}
