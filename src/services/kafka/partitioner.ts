/** Kafka's own hash (murmur2), so that a key lies in the partition where every other producer puts it. */
function murmur2(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  const m = 0x5bd1e995
  let hash = 0x9747b28c ^ length
  const word = (at: number) =>
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  const tail = start + (length & ~3)
  for (let at = start; at < tail; at += 4) {
    let k = Math.imul(word(at), m)
    k ^= k >>> 24
    hash = Math.imul(hash, m) ^ Math.imul(k, m)
  }
  const rest = length & 3
  if (rest === 3) hash ^= (bytes[tail + 2] as number) << 16
  if (rest >= 2) hash ^= (bytes[tail + 1] as number) << 8
  if (rest >= 1) hash = Math.imul(hash ^ (bytes[tail] as number), m)
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  return hash ^ (hash >>> 15)
}

/** Partition of a key among `partitions`. */
export function partitionOf(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions
}
