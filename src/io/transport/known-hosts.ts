import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker?: string
  readonly patterns: string
  readonly type: string
  /** base64 of the key */
  readonly key: string
  readonly file: string
  readonly line: number
}

export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((line, index): KnownHost[] => {
    const words = line.trim().split(/\s+/)
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) return []
    const marker = words[0].startsWith('@') ? words.shift() : undefined
    const [patterns, type, key] = words
    if (patterns === undefined || type === undefined || key === undefined) return []
    return [{ ...(marker === undefined ? {} : { marker }), patterns, type, key, file, line: index + 1 }]
  })
}

/** The name that known_hosts files a host under. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`
}

function matchesGlob(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'i').test(name)
}

/** Whether the patterns of a line (a hashed name, or a list with wildcards and `!`) mean this host. */
export function patternsMatch(patterns: string, name: string): boolean {
  if (patterns.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = patterns.split('|')
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name.toLowerCase()).digest('base64') === hash
  }
  let matched = false
  for (const pattern of patterns.split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesGlob(pattern.slice(1), name)) return false
    } else if (matchesGlob(pattern, name)) matched = true
  }
  return matched
}

/** `SHA256:…` as ssh-keygen -lf prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type that a key blob names itself (RFC 4253, 6.6). */
export function keyType(key: Buffer): string {
  return key.byteLength < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

export type HostKeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown' }
  /** No key is on file, but an authority that signs certificates for this host (ssh2 knows no host certificates). */
  | { readonly verdict: 'authority'; readonly entry: KnownHost }
  | { readonly verdict: 'changed'; readonly entries: readonly KnownHost[] }
  | { readonly verdict: 'revoked'; readonly entry: KnownHost }

/** Judges a key by the lines of the known_hosts files. */
export function judgeHostKey(key: Buffer, name: string, entries: readonly KnownHost[]): HostKeyVerdict {
  const text = key.toString('base64')
  const own = entries.filter((entry) => patternsMatch(entry.patterns, name))
  const revoked = own.find((entry) => entry.marker === '@revoked' && entry.key === text)
  if (revoked !== undefined) return { verdict: 'revoked', entry: revoked }
  const plain = own.filter((entry) => entry.marker === undefined)
  if (plain.some((entry) => entry.key === text)) return { verdict: 'known' }
  if (plain.length > 0) return { verdict: 'changed', entries: plain }
  const authority = own.find((entry) => entry.marker === '@cert-authority')
  return authority === undefined ? { verdict: 'unknown' } : { verdict: 'authority', entry: authority }
}

const keyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const

/** Asks first for the kinds of key that are on file, as OpenSSH does; else another kind would look like a changed key. */
export function preferredAlgorithms(
  name: string,
  entries: readonly KnownHost[],
): readonly (typeof keyAlgorithms)[number][] {
  const types = new Set(
    entries
      .filter((entry) => entry.marker === undefined && patternsMatch(entry.patterns, name))
      .map((entry) => entry.type),
  )
  const known = (algorithm: string) => types.has(algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm)
  return [...keyAlgorithms].sort((a, b) => Number(known(b)) - Number(known(a)))
}
