import { describe, expect, test } from 'vitest'
import { parsePostgresUrl, shownUrl } from '../../../../src/engines/postgres/target.js'

describe('a URL', () => {
  test('with everything', () => {
    const target = parsePostgresUrl(
      'postgres://lo%40der@[::1]:7432/pi%20lot?sslmode=verify-ca&sslrootcert=ca.pem&application_name=x&connect_timeout=3&options=-c%20a%3Db',
      'me',
    )
    expect(target).toEqual({
      host: '::1',
      port: 7432,
      database: 'pi lot',
      user: 'lo@der',
      sslMode: 'verify-ca',
      sslRootCert: 'ca.pem',
      applicationName: 'x',
      connectTimeoutMs: 3000,
      options: '-c a=b',
    })
    expect(shownUrl(target)).toBe('postgres://lo%40der@[::1]:7432/pi%20lot')
  })

  test.each([
    ['postgres://db', 'names no database'],
    ['postgres:///pilot', 'names no host'],
    ['http://db/pilot', 'is not a PostgreSQL URL'],
    ['postgres://db:port/pilot', 'cannot be read'],
    ['postgres://me:pw@db/pilot', 'holds a password'],
    ['postgres://db/pilot?password=pw', 'holds a password'],
    ['postgres://db/pilot?sslmode=maybe', 'sslmode "maybe" is unknown'],
    ['postgres://db/pilot?ssl=1', 'unknown parameter "ssl"'],
    ['postgres://db/pilot?connect_timeout=soon', 'connect_timeout'],
  ])('%s is refused: %s', (url, message) => {
    expect(() => parsePostgresUrl(url, 'me')).toThrow(message)
  })
})
