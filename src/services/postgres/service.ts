import type { Health, HostView, ProbeTools, ServiceDefinition } from '../../core/cluster/service.js'
import { shellQuote } from '../../core/transport.js'
import { initShell, startShell } from './role-shell.js'

const head = '# Written by smartcar from the site file: changes made here are undone by the next smartcar provision.\n'

const quoted = (value: string | number | boolean) =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)

/** `postgresql.conf`: of what is sent to it nothing is logged, since it may hold a password. */
function settings({ cluster, host }: HostView): string {
  const address = cluster.bindAddress(host)
  const lines = Object.entries({
    listen_addresses: address === '0.0.0.0' ? '*' : address,
    port: cluster.port('postgres', 'client'),
    unix_socket_directories: '',
    cluster_name: 'smartcar',
    max_connections: 40,
    shared_buffers: '64MB',
    password_encryption: 'scram-sha-256',
    log_min_error_statement: 'panic',
    logging_collector: false,
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...cluster.properties('postgres', 'postgresql.conf'),
  })
  return `${head}${lines.map(([name, value]) => `${name} = ${quoted(value)}\n`).join('')}`
}

/** One address as pg_hba.conf wants it; names stand as they are. */
function mask(address: string): string {
  if (address.includes(':')) return `${address}/128`
  return /^[\d.]+$/.test(address) ? `${address}/32` : address
}

/** `pg_hba.conf`: the metastore from its hosts, the database of exports from all hosts of the site, nobody else. */
function access({ cluster }: HostView): string {
  const line = (database: string, address: string) => `host ${database} ${database} ${mask(address)} scram-sha-256\n`
  return [
    head,
    ...cluster.hostsOf('metastore').map(({ address }) => line('metastore', address)),
    ...cluster.hosts.map(({ address }) => line('smartcar', address)),
  ].join('')
}

/** The first message of protocol 3.0, as `pg_isready` sends it: who wants to log in, and where. */
function startupMessage(user: string, database: string): Uint8Array {
  const text = Buffer.from(`user\0${user}\0database\0${database}\0\0`)
  const message = Buffer.alloc(8 + text.length)
  message.writeInt32BE(message.length, 0)
  message.writeInt32BE(3 << 16, 4)
  text.copy(message, 8)
  return message
}

/** Length of the server's first message: its type, and a length that counts itself. */
const whole = (received: Uint8Array) =>
  received.byteLength >= 5 && received.byteLength > Buffer.from(received).readInt32BE(1)

async function health({ cluster, host }: HostView, { http, signal }: ProbeTools): Promise<Health> {
  const answer = Buffer.from(
    await http.ask({
      address: host.address,
      port: cluster.port('postgres', 'client'),
      data: startupMessage('smartcar', 'smartcar'),
      enough: whole,
      timeoutMs: 10_000,
      signal,
    }),
  )
  const kind = answer.toString('latin1', 0, 1)
  if (kind === 'R') return { state: 'healthy', summary: 'asks for the password of smartcar' }
  if (kind !== 'E') return { state: 'starting', summary: 'does not answer as PostgreSQL does' }
  // Fields of an error: a letter and a text, each ended by a zero byte.
  const fields = new Map(
    answer
      .toString('utf8', 5)
      .split('\0')
      .map((field): [string, string] => [field.slice(0, 1), field.slice(1)]),
  )
  const summary = fields.get('M') ?? 'refuses connections'
  // It starts, recovers or stops.
  if (fields.get('C') === '57P03') return { state: 'starting', summary }
  // This machine is none of the site's hosts: it is answered, and not let in.
  if (fields.get('C') === '28000') return { state: 'healthy', summary: 'answers; lets in the hosts of the site alone' }
  return { state: 'unhealthy', summary, hints: ['smartcar cluster logs postgres'] }
}

export const service: ServiceDefinition = {
  name: 'postgres',
  files: (view): Readonly<Record<string, string>> =>
    view.host.roles.includes('postgres')
      ? { 'postgres/postgresql.conf': settings(view), 'postgres/pg_hba.conf': access(view) }
      : {},
  roles: {
    postgres: {
      products: ['postgres'],
      launch: (view) => ({ shell: startShell(view) }),
      reads: () => ['postgres/postgresql.conf', 'postgres/pg_hba.conf'],
      folders: () => [],
      secrets: () => ['postgres-metastore', 'postgres-smartcar'],
      init: (view) => ({
        summary: 'make the databases of PostgreSQL',
        done: `${view.data('postgres')}/made`,
        launches: [],
        before: initShell(view),
        after: `echo made >${shellQuote(`${view.data('postgres')}/made`)}`,
      }),
      health,
      // Fast shutdown: SIGTERM would wait until the last client has gone.
      stopSignal: 'INT',
      startTimeout: 60,
      stopTimeout: 30,
    },
  },
}
