import { appendFile, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import type { Algorithms, AnyAuthMethod, Client, ConnectConfig } from 'ssh2'
import { FailedError, SmartcarError, systemCode, UnreachableError } from '../../core/errors.js'
import { AuthenticationError, HostKeyError } from '../../core/transport.js'
import {
  fingerprint,
  judgeHostKey,
  type KnownHost,
  keyType,
  knownHostName,
  parseKnownHosts,
  preferredAlgorithms,
} from './known-hosts.js'
import { readSecret } from './secrets.js'
import type { SshTarget } from './ssh-target.js'

export interface ConnectOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** File that keys seen for the first time are recorded in (`accept-new`). */
  readonly recordFile: string
  /** Told when a key was recorded. */
  readonly onRecorded: (text: string) => void
  readonly keepaliveMs: number
  /** How long a connection that was there before is tried again. */
  readonly reconnectMs: number
}

const lostAfterKeepalives = 3

/** What CentOS 6 (OpenSSH 5.3) needs, behind the good algorithms (recipe ssh-cm, section 2.2). */
const legacyAlgorithms = {
  kex: ['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'],
  cipher: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc'],
  hmac: ['hmac-sha1', 'hmac-md5'],
} as const

function algorithms(target: SshTarget, name: string, entries: readonly KnownHost[]): Algorithms {
  const behind = <T>(append: readonly T[]) => ({ append: [...append], prepend: [], remove: [] })
  return {
    serverHostKey: [...preferredAlgorithms(name, entries)],
    ...(target.legacy
      ? {
          kex: behind(legacyAlgorithms.kex),
          cipher: behind(legacyAlgorithms.cipher),
          hmac: behind(legacyAlgorithms.hmac),
        }
      : {}),
  }
}

async function readKnownHosts(files: readonly string[]): Promise<readonly KnownHost[]> {
  const read = await Promise.all(
    files.map(async (file) => {
      try {
        return parseKnownHosts(await readFile(file, 'utf8'), file)
      } catch (error) {
        if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return []
        throw error
      }
    }),
  )
  return read.flat()
}

/** What is wrong with a shown key; undefined when it is right, `new` when it is to be recorded. */
function checkHostKey(
  target: SshTarget,
  key: Buffer,
  entries: readonly KnownHost[],
  recordFile: string,
): HostKeyError | 'new' | undefined {
  const name = knownHostName(target.address, target.port)
  const shown = `${keyType(key)} ${fingerprint(key)}`
  const place = { thing: target.name }
  const data = { host: target.name, address: name, type: keyType(key), fingerprint: fingerprint(key) }
  const judged = judgeHostKey(key, name, entries)
  if (judged.verdict === 'revoked') {
    return new HostKeyError('HOST_KEY_REVOKED', `${target.name}: its key ${shown} is revoked`, {
      place: { file: judged.entry.file, line: judged.entry.line },
      data,
      hints: ['do not connect: whoever runs this host has to give it a new key'],
    })
  }
  if (target.hostKey.startsWith('SHA256:')) {
    if (fingerprint(key) === target.hostKey) return undefined
    return new HostKeyError('HOST_KEY_CHANGED', `${target.name}: shows ${shown}, the site pins ${target.hostKey}`, {
      place,
      data: { ...data, pinned: target.hostKey },
      hints: [
        `compare on the host itself: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub`,
        'if the host was made anew, put its new fingerprint into the site file (ssh.host_key)',
      ],
    })
  }
  if (judged.verdict === 'known') return undefined
  if (judged.verdict === 'changed') {
    const entry = judged.entries[0]
    return new HostKeyError(
      'HOST_KEY_CHANGED',
      `${target.name}: its key is not the one that is on file: it shows ${shown}`,
      {
        ...(entry === undefined ? { place } : { place: { file: entry.file, line: entry.line } }),
        data: {
          ...data,
          onFile: judged.entries.map((known) => `${known.type} ${fingerprint(Buffer.from(known.key, 'base64'))}`),
        },
        hints: [
          'if nobody made this host anew, somebody may stand between: do not go on',
          `if it was made anew: ssh-keygen -R '${name}'${entry === undefined ? '' : ` -f ${entry.file}`}, then run this again`,
        ],
      },
    )
  }
  if (judged.verdict === 'authority') {
    const { file, line } = judged.entry
    return new HostKeyError(
      'HOST_KEY_UNKNOWN',
      `${target.name}: its key is vouched for by a certificate authority alone, and certificates cannot be checked: it shows ${shown}`,
      {
        place: { file, line },
        data,
        hints: [
          'compare with the host itself: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub',
          `then pin it in the site file: ssh.host_key: "${fingerprint(key)}"`,
          `or put the key itself on file: ssh-keyscan -p ${target.port} ${target.address} >>${file}`,
        ],
      },
    )
  }
  if (target.hostKey === 'accept-new') return 'new'
  return new HostKeyError('HOST_KEY_UNKNOWN', `${target.name}: its key is not known: ${shown}`, {
    place,
    data: { ...data, recordFile },
    hints: [
      'compare with the host itself: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub',
      `then pin it in the site file: ssh.host_key: "${fingerprint(key)}"`,
      'or let smartcar record a key when it sees a host for the first time: ssh.host_key: accept-new',
    ],
  })
}

async function authMethods(target: SshTarget, options: ConnectOptions): Promise<AnyAuthMethod[]> {
  const { default: ssh2 } = await import('ssh2')
  const username = target.user
  const methods: AnyAuthMethod[] = []
  for (const { file, required } of target.keyFiles) {
    let data: Buffer
    try {
      data = await readFile(file)
    } catch (error) {
      if (!required) continue
      throw new FailedError('SSH_KEY_UNREADABLE', `${target.name}: cannot read the key ${file}`, {
        cause: error,
        place: { file },
      })
    }
    const passphrase =
      target.keyPassphrase === undefined
        ? undefined
        : await readSecret(target.keyPassphrase, options.environment, `passphrase of ${file}`)
    const parsed = ssh2.utils.parseKey(data, passphrase)
    const key = Array.isArray(parsed) ? parsed[0] : parsed
    if (key instanceof Error || key === undefined) {
      if (!required) continue
      const encrypted = /encrypted|passphrase|integrity|bad decrypt|malformed OpenSSH/i.test(String(key))
      throw new FailedError(
        'SSH_KEY_UNREADABLE',
        encrypted
          ? `${target.name}: the key ${file} needs ${passphrase === undefined ? 'a passphrase' : 'another passphrase'}`
          : `${target.name}: ${file} is no private key that ssh2 can read`,
        {
          cause: key,
          place: { file },
          hints: encrypted
            ? ['set ssh.key_passphrase_file or key_passphrase_env, or use an agent']
            : ['give an OpenSSH or PEM private key'],
        },
      )
    }
    methods.push({ type: 'publickey', username, key })
  }
  if (target.agent !== undefined) methods.push({ type: 'agent', username, agent: target.agent })
  if (target.password !== undefined) {
    const password = await readSecret(target.password, options.environment, `password of ${username} on ${target.name}`)
    methods.push({ type: 'password', username, password })
    methods.push({
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, answer) => answer(prompts.map(() => password)),
    })
  }
  return methods
}

function methodNames(methods: readonly AnyAuthMethod[]): string {
  const names = { publickey: 'a key', agent: 'the agent', password: 'the password' } as Readonly<Record<string, string>>
  const tried = methods.flatMap((method) => names[method.type] ?? [])
  return tried.length === 0 ? 'nothing to log in with' : tried.join(', ')
}

/** ssh2's error as one that says what to do. */
function connectError(target: SshTarget, error: unknown, methods: readonly AnyAuthMethod[]): SmartcarError {
  if (error instanceof SmartcarError) return error
  const where = `${target.name} (${target.address} port ${target.port})`
  const details = { cause: error, place: { thing: target.name }, data: { host: target.name, address: target.address } }
  const level = (error as { level?: string }).level
  const message = error instanceof Error ? error.message : String(error)
  const code = systemCode(error)
  if (level === 'client-authentication') {
    return new AuthenticationError(`${where} does not let ${target.user} in (tried: ${methodNames(methods)})`, {
      ...details,
      hints: [
        'check ssh.user, key_file, password_file or password_env of this host in the site file',
        `try it by hand: ssh -p ${target.port} ${target.user}@${target.address}`,
      ],
    })
  }
  if (/no matching/.test(message)) {
    return new UnreachableError('SSH_HANDSHAKE_FAILED', `${where}: ${message}`, {
      ...details,
      hints: target.legacy ? [] : ['an old server (CentOS 6) needs ssh.legacy_ssh: true for this host'],
    })
  }
  const reasons: Readonly<Record<string, [string, string]>> = {
    ECONNREFUSED: ['refuses the connection', 'is sshd running, and on this port?'],
    EHOSTUNREACH: ['has no route', 'is the host up, and is the address right?'],
    ENETUNREACH: ['has no route', 'is this machine connected to that network?'],
    ETIMEDOUT: ['does not answer', 'is the host up, and does a firewall let port 22 through?'],
    ENOTFOUND: ['has an address that cannot be resolved', 'check the name, or give an IP address'],
    EAI_AGAIN: ['has an address that cannot be resolved now', 'check the name server, or give an IP address'],
    ECONNRESET: ['closed the connection', 'look at the log of sshd on the host'],
  }
  const known = reasons[code ?? ''] ?? (/timed out/i.test(message) ? reasons.ETIMEDOUT : undefined)
  return new UnreachableError('HOST_UNREACHABLE', `${where} ${known?.[0] ?? `cannot be reached: ${message}`}`, {
    ...details,
    ...(known === undefined ? {} : { hints: [known[1]] }),
  })
}

/** Logs in to one hop, over a socket of the hop before when there is one. */
async function connectHop(target: SshTarget, sock: Duplex | undefined, options: ConnectOptions): Promise<Client> {
  const { default: ssh2 } = await import('ssh2')
  const entries = await readKnownHosts([...target.knownHosts, options.recordFile])
  const name = knownHostName(target.address, target.port)
  const methods = await authMethods(target, options)
  let record: Promise<void> | undefined
  let keyError: HostKeyError | undefined
  const config: ConnectConfig = {
    host: target.address,
    port: target.port,
    username: target.user,
    ...(sock === undefined ? {} : { sock }),
    readyTimeout: target.connectTimeoutMs,
    keepaliveInterval: options.keepaliveMs,
    keepaliveCountMax: lostAfterKeepalives,
    algorithms: algorithms(target, name, entries),
    authHandler: methods,
    hostVerifier: (key: Buffer) => {
      // Asked again at every renewal of the keys.
      const verdict = checkHostKey(target, key, entries, options.recordFile)
      if (verdict instanceof HostKeyError) {
        keyError = verdict
        return false
      }
      if (verdict === 'new' && record === undefined) {
        record = mkdir(path.dirname(options.recordFile), { recursive: true })
          .then(() =>
            appendFile(options.recordFile, `${name} ${keyType(key)} ${key.toString('base64')}\n`, { mode: 0o600 }),
          )
          .then(() => options.onRecorded(`${target.name}: recorded its key ${keyType(key)} ${fingerprint(key)}`))
      }
      return true
    },
  }
  const client = new ssh2.Client()
  // Kept for good: a lost link, or a reset after a refused key, would end the process without a listener.
  let onError: (error: unknown) => void = () => {}
  client.on('error', (error) => onError(error))
  await new Promise<void>((resolve, reject) => {
    const closed = () => fail(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
    const fail = (error: unknown) => {
      onError = () => {}
      client.removeListener('close', closed)
      client.end()
      reject(connectError(target, keyError ?? error, methods))
    }
    onError = fail
    client.once('ready', () => {
      onError = () => {}
      client.removeListener('close', closed)
      resolve()
    })
    client.once('close', closed)
    client.connect(config)
  })
  client.setNoDelay(true)
  await record
  return client
}

/** Logs in, through the jump hosts when there are any; closing the client closes the way there. */
export async function connectSsh(target: SshTarget, options: ConnectOptions): Promise<Client> {
  let client: Client | undefined
  for (const hop of [...target.jumps, target]) {
    const before = client
    let sock: Duplex | undefined
    try {
      if (before !== undefined) {
        sock = await new Promise<Duplex>((resolve, reject) => {
          before.forwardOut('127.0.0.1', 0, hop.address, hop.port, (error, channel) =>
            error === undefined
              ? resolve(channel)
              : reject(
                  new UnreachableError(
                    'HOST_UNREACHABLE',
                    `${hop.name} cannot be reached through its jump host: ${error.message}`,
                    {
                      place: { thing: hop.name },
                      hints: ['does the jump host allow forwarding, and does it reach this address?'],
                    },
                  ),
                ),
          )
        })
      }
      client = await connectHop(hop, sock, options)
    } catch (error) {
      before?.end()
      throw error
    }
    if (before !== undefined) client.once('close', () => before.end())
  }
  if (client === undefined) throw new UnreachableError('HOST_UNREACHABLE', `${target.name} has no address`)
  return client
}
