import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { siteLayout } from '../../src/core/layout.js'
import { openTransports } from '../../src/io/transport/index.js'
import { startSshServer } from '../support/ssh-server.js'
import { transportContract } from './transport.js'

transportContract("ssh2's own server", async () => {
  const server = await startSshServer({ password: 'pass word', maxSessions: 10 })
  const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-ssh-'))
  const knownHosts = path.join(folder, 'known_hosts')
  await writeFile(knownHosts, server.knownHosts)
  const transports = openTransports({
    hosts: [
      {
        name: 'box',
        address: '127.0.0.1',
        fqdn: 'box.hadoop.com',
        roles: [],
        connection: 'ssh',
        ssh: {
          user: os.userInfo().username,
          port: server.port,
          password: { env: 'BOX_PASSWORD' },
          agent: false,
          sudo: {},
          legacy: false,
          hostKey: 'strict',
          knownHosts,
          config: false,
          connectTimeoutMs: 10_000,
        },
      },
    ],
    layout: siteLayout(folder),
    environment: { BOX_PASSWORD: 'pass word' },
    emit: () => {},
  })
  const web = createServer((_, response) => response.end('hello\n'))
  return {
    transport: await transports.open('box'),
    listen: async () => {
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
      return (web.address() as AddressInfo).port
    },
    close: async () => {
      web.close()
      web.closeAllConnections()
      await transports.close()
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
