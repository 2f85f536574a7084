/** Text as bytes, without a string per row. Everything that the simulator writes per row is ASCII. */

/** Up to four ASCII characters as the 32-bit integer that a little-endian store turns into those bytes. */
export function pack4(text: string): number {
  let value = 0
  for (let index = 0; index < 4; index++) value |= (text.charCodeAt(index) || 0) << (8 * index)
  return value
}

export function ascii(text: string): Uint8Array {
  const target = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) target[index] = text.charCodeAt(index)
  return target
}

export const newline = 10
export const comma = 44

/** `value` with leading zeros. */
export function padded(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

/** Minutes of the day as packed `HHmm`. */
export const minuteTexts = Int32Array.from({ length: 1440 }, (_, minute) =>
  pack4(padded(Math.floor(minute / 60), 2) + padded(minute % 60, 2)),
)

const initialCapacity = 64 * 1024

/** A byte buffer that grows and is used again; `view` is replaced when it grows, so take it after `reserve`. */
export class ByteBuffer {
  bytes: Uint8Array
  view: DataView
  length = 0

  constructor(buffer: ArrayBuffer = new ArrayBuffer(initialCapacity)) {
    this.bytes = new Uint8Array(buffer)
    this.view = new DataView(buffer)
  }

  /** Room for `count` more bytes; what was written stays. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  append(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  /** What was written; valid until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}
