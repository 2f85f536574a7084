/** Numbers as ASCII bytes, written in place. Each function returns the position behind what it wrote. */

export function writeAscii(target: Uint8Array, start: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[start + index] = text.charCodeAt(index)
  return start + text.length
}

/** A 32-bit integer, at most 11 bytes. */
export function writeInteger(target: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  if (rest < 0) {
    // Its opposite does not fit.
    if (rest === -2_147_483_648) return writeAscii(target, at, String(value))
    target[at++] = 45
    rest = -rest | 0
  }
  const end = at + (rest < 10 ? 1 : rest < 100 ? 2 : rest < 1000 ? 3 : rest < 10_000 ? 4 : digits(rest))
  at = end
  while (rest >= 10) {
    const next = (rest / 10) | 0
    target[--at] = 48 + rest - next * 10
    rest = next
  }
  target[--at] = 48 + rest
  return end
}

function digits(value: number): number {
  let width = 5
  for (let power = 100_000; value >= power && width < 10; power *= 10) width++
  return width
}

/** A 64-bit integer from its halves (both signed), at most 20 bytes. */
export function writeBigint(target: Uint8Array, at: number, lower: number, upper: number): number {
  if (upper === lower >> 31) return writeInteger(target, at, lower)
  return writeAscii(target, at, String((BigInt(upper) << 32n) + BigInt(lower >>> 0)))
}

/** The shortest text that reads back as the same double, at most 24 bytes. */
export function writeDouble(target: Uint8Array, at: number, value: number): number {
  return writeAscii(target, at, Object.is(value, -0) ? '-0' : String(value))
}
