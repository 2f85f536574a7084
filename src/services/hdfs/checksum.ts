import { createHash, type Hash } from 'node:crypto'
import { crc32c } from '../../core/crc32c.js'

/** HDFS takes a CRC of every so many bytes. */
const bytesPerCrc = 512
/** HDFS hashes the whole of a buffer that doubles from 32 bytes on, what is not used of it included. */
const smallestBuffer = 32

/**
 * The checksum that HDFS gives for a file (GETFILECHECKSUM: MD5 of the blocks' MD5 of their CRCs), from the bytes
 * themselves: a file here and one there can be compared without reading either over the network.
 */
export class HdfsChecksum {
  private readonly crcs: Buffer = Buffer.alloc(4096)
  private crcEnd = 0
  private blockHash: Hash = createHash('md5')
  private readonly blocks: Buffer[] = []
  private inBlock = 0
  private crc = 0
  private inCrc = 0
  size = 0

  constructor(readonly blockSize: number) {}

  update(bytes: Uint8Array): void {
    this.size += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const take = Math.min(bytes.length - at, bytesPerCrc - this.inCrc, this.blockSize - this.inBlock)
      this.crc = crc32c(bytes, at, at + take, this.crc)
      this.inCrc += take
      this.inBlock += take
      at += take
      if (this.inCrc === bytesPerCrc || this.inBlock === this.blockSize) this.endCrc()
      if (this.inBlock === this.blockSize) this.endBlock()
    }
  }

  private endCrc(): void {
    this.crcEnd = this.crcs.writeUInt32BE(this.crc, this.crcEnd)
    if (this.crcEnd === this.crcs.length) this.hashCrcs()
    this.crc = 0
    this.inCrc = 0
  }

  private hashCrcs(): void {
    this.blockHash.update(this.crcs.subarray(0, this.crcEnd))
    this.crcEnd = 0
  }

  private endBlock(): void {
    this.hashCrcs()
    this.blocks.push(this.blockHash.digest())
    this.blockHash = createHash('md5')
    this.inBlock = 0
  }

  /** The MD5 in hexadecimal; nothing can be added afterwards. */
  digest(): string {
    if (this.inCrc > 0) this.endCrc()
    if (this.inBlock > 0) this.endBlock()
    let capacity = smallestBuffer
    while (capacity < this.blocks.length * 16) capacity *= 2
    const buffer = Buffer.alloc(capacity)
    for (const [index, block] of this.blocks.entries()) block.copy(buffer, index * 16)
    return createHash('md5').update(buffer).digest('hex')
  }
}

/** The MD5 in an answer of GETFILECHECKSUM; undefined for other algorithms (other CRCs, composite ones). */
export function md5OfAnswer(answer: { readonly algorithm: string; readonly bytes: string }): string | undefined {
  if (!/^MD5-of-\d+MD5-of-512CRC32C$/.test(answer.algorithm)) return undefined
  return answer.bytes.slice(24, 56).toLowerCase()
}
