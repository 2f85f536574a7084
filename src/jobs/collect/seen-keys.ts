/**
 * Which (page, bit) keys were seen, in bounded memory: pages of 4,096 bits, found by two whole numbers. When half of
 * the memory is full the older half is forgotten, so a repeat is missed only when the memory filled up twice since
 * its page was last touched; logs are written in order of time or car by car, and both stay far below that.
 */

export const bitsPerPage = 4096
const wordsPerPage = bitsPerPage / 32

interface Generation {
  readonly slotHigh: Int32Array
  readonly slotLow: Int32Array
  /** 1 + page, 0 is a free slot */
  readonly slotPage: Int32Array
  readonly words: Int32Array
  pages: number
}

export interface SeenKeys {
  /** Marks bit `bit` (0 to 4,095) of the page (`high`, `low`); true when it was marked before. */
  mark(high: number, low: number, bit: number): boolean
}

/** `memory`: bytes of bitmaps at most; taken from the system only as far as it is used. */
export function seenKeys(memory = 64 * 1024 * 1024): SeenKeys {
  const pagesPerGeneration = Math.max(1, Math.floor(memory / 2 / (wordsPerPage * 4)))
  let slots = 16
  while (slots < pagesPerGeneration * 2) slots *= 2
  const newGeneration = (): Generation => ({
    slotHigh: new Int32Array(slots),
    slotLow: new Int32Array(slots),
    slotPage: new Int32Array(slots),
    words: new Int32Array(pagesPerGeneration * wordsPerPage),
    pages: 0,
  })
  let current = newGeneration()
  let previous: Generation | undefined
  let lastHigh = -1
  let lastLow = -1
  let lastWords = 0

  const slotOf = (generation: Generation, high: number, low: number): number => {
    let slot = Math.imul(Math.imul(high, 0x9e3779b1) ^ low, 0x85ebca6b)
    slot = (slot ^ (slot >>> 15)) & (slots - 1)
    while (generation.slotPage[slot] !== 0 && (generation.slotHigh[slot] !== high || generation.slotLow[slot] !== low))
      slot = (slot + 1) & (slots - 1)
    return slot
  }

  const turn = () => {
    const oldest = previous ?? newGeneration()
    oldest.slotPage.fill(0)
    oldest.words.fill(0, 0, oldest.pages * wordsPerPage)
    oldest.pages = 0
    previous = current
    current = oldest
  }

  /** First word of the page, which is made, or brought over from the older half, when it is not there. */
  const findPage = (high: number, low: number): number => {
    let slot = slotOf(current, high, low)
    let page = (current.slotPage[slot] ?? 0) - 1
    if (page === -1) {
      if (current.pages === pagesPerGeneration) {
        turn()
        slot = slotOf(current, high, low)
      }
      page = current.pages++
      current.slotHigh[slot] = high
      current.slotLow[slot] = low
      current.slotPage[slot] = page + 1
      if (previous !== undefined) {
        const old = (previous.slotPage[slotOf(previous, high, low)] ?? 0) - 1
        if (old !== -1) {
          const from = previous.words.subarray(old * wordsPerPage, (old + 1) * wordsPerPage)
          current.words.set(from, page * wordsPerPage)
        }
      }
    }
    return page * wordsPerPage
  }

  return {
    mark(high, low, bit) {
      if (high !== lastHigh || low !== lastLow) {
        lastWords = findPage(high, low)
        lastHigh = high
        lastLow = low
      }
      const word = lastWords + (bit >>> 5)
      const mask = 1 << (bit & 31)
      const before = current.words[word] ?? 0
      current.words[word] = before | mask
      return (before & mask) !== 0
    },
  }
}
