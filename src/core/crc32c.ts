/* biome-ignore-all lint/style/noNonNullAssertion: the indexes are within the tables and the range */
/** CRC-32C (Castagnoli), which Kafka guards its batches and HDFS its blocks with. Eight tables: eight bytes a step. */
const tables = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  tables[byte] = value
}
for (let byte = 0; byte < 256; byte++) {
  for (let table = 1; table < 8; table++) {
    const before = tables[(table - 1) * 256 + byte] as number
    tables[table * 256 + byte] = (before >>> 8) ^ (tables[before & 0xff] as number)
  }
}

/** Checksum of `bytes` from `start` to `end`, behind a checksum of what came before (0 at the beginning); unsigned. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  const t = tables as unknown as number[]
  const b = bytes as unknown as number[]
  let crc = ~before
  let at = start
  for (const last = end - 7; at < last; at += 8) {
    crc ^= b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)
    crc =
      t[1792 + (crc & 0xff)]! ^
      t[1536 + ((crc >>> 8) & 0xff)]! ^
      t[1280 + ((crc >>> 16) & 0xff)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + b[at + 4]!]! ^
      t[512 + b[at + 5]!]! ^
      t[256 + b[at + 6]!]! ^
      t[b[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ b[at]!) & 0xff]!
  return ~crc >>> 0
}
