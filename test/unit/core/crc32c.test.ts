import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { crc32c } from '../../../src/core/crc32c.js'

test('RFC 3720: known checksums', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(crc32c(Buffer.alloc(0))).toBe(0)
})

test('a checksum may be taken in pieces of any length', () => {
  const bytes = randomBytes(1000)
  for (const cut of [0, 1, 7, 8, 9, 511, 999, 1000]) {
    expect(crc32c(bytes, cut, 1000, crc32c(bytes, 0, cut))).toBe(crc32c(bytes))
  }
})
