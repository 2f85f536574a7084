import { expect, test } from 'vitest'
import { HdfsChecksum, md5OfAnswer } from '../../../../src/services/hdfs/checksum.js'

const bytes = Buffer.alloc(2_500_000)
for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 31 + (at >> 8)) & 255

/** Answers of Hadoop 3.4.2 for these bytes, in blocks of 1 MiB. */
const recorded = [
  [bytes, 'MD5-of-2048MD5-of-512CRC32C', '000002000000000000000800da2efa388635e04cb01139faa17c83e500000000'],
  [
    bytes.subarray(0, 1000),
    'MD5-of-0MD5-of-512CRC32C',
    '0000020000000000000000001a9e431c9a13c8401703f31502ceccdc00000000',
  ],
] as const

test.each(recorded)('the checksum is the one that HDFS gives (%#)', (content, algorithm, answer) => {
  for (const piece of [1_000_000, 4096, 777]) {
    const checksum = new HdfsChecksum(1024 * 1024)
    for (let at = 0; at < content.length; at += piece) checksum.update(content.subarray(at, at + piece))
    expect(checksum.digest()).toBe(md5OfAnswer({ algorithm, bytes: answer }))
  }
})

test('other algorithms are not compared', () => {
  expect(md5OfAnswer({ algorithm: 'COMPOSITE-CRC32C', bytes: '00' })).toBeUndefined()
  expect(md5OfAnswer({ algorithm: 'MD5-of-0MD5-of-512CRC32', bytes: '00' })).toBeUndefined()
})
