import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { localTransport } from '../../src/io/transport/local.js'
import { transportContract } from './transport.js'

transportContract('this machine', async () => {
  const server = createServer((_, response) => response.end('hello\n'))
  const transport = localTransport({ host: 'here', sudo: false })
  return {
    transport,
    listen: async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return (server.address() as AddressInfo).port
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      await transport.close()
    },
  }
})
