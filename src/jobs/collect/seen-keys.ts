/**
 * Which (page, bit) keys were seen, in bounded memory: pages of 4,096 bits, found by two whole numbers. When half of
 * the memory is full the older half is forgotten, so a repeat is missed only when the memory filled up twice since
 * its page was last touched: then the count of duplicates is a lower bound. Logs come in order of time or car by car;
 * 16 MB hold the pages of 16,000 cars side by side, twice.
 */

export const bitsPerPage = 4096
const wordsPerPage = bitsPerPage / 32
const firstPages = 64

interface Generation {
  /** Pages that it has room for. */
  readonly room: number
  /** Slots of an open hash table, a power of two. */
  readonly slots: number
  readonly slotHigh: Int32Array
  readonly slotLow: Int32Array
  /** 1 + page, 0 is a free slot */
  readonly slotPage: Int32Array
  readonly words: Int32Array
  pages: number
}

function newGeneration(room: number): Generation {
  const slots = 2 ** Math.ceil(Math.log2(room * 2))
  return {
    room,
    slots,
    slotHigh: new Int32Array(slots),
    slotLow: new Int32Array(slots),
    slotPage: new Int32Array(slots),
    words: new Int32Array(room * wordsPerPage),
    pages: 0,
  }
}

/** The slot of a page, or the free one where it belongs. */
function slotOf({ slots, slotHigh, slotLow, slotPage }: Generation, high: number, low: number): number {
  let slot = Math.imul(Math.imul(high, 0x9e3779b1) ^ low, 0x85ebca6b)
  slot = (slot ^ (slot >>> 15)) & (slots - 1)
  while (slotPage[slot] !== 0 && (slotHigh[slot] !== high || slotLow[slot] !== low)) slot = (slot + 1) & (slots - 1)
  return slot
}

/** The page's number, -1 when it is not there. */
const pageOf = (generation: Generation, high: number, low: number): number =>
  (generation.slotPage[slotOf(generation, high, low)] ?? 0) - 1

/** The next page, which becomes that of (`high`, `low`). */
function addPage(generation: Generation, high: number, low: number): number {
  const slot = slotOf(generation, high, low)
  const page = generation.pages++
  generation.slotHigh[slot] = high
  generation.slotLow[slot] = low
  generation.slotPage[slot] = page + 1
  return page
}

/** The same pages, their numbers kept, with more room. */
function grown(old: Generation, room: number): Generation {
  const larger = newGeneration(room)
  larger.words.set(old.words)
  larger.pages = old.pages
  old.slotPage.forEach((page, from) => {
    if (page === 0) return
    const [high = 0, low = 0] = [old.slotHigh[from], old.slotLow[from]]
    const slot = slotOf(larger, high, low)
    larger.slotHigh[slot] = high
    larger.slotLow[slot] = low
    larger.slotPage[slot] = page
  })
  return larger
}

function emptied(generation: Generation): Generation {
  generation.slotPage.fill(0)
  generation.words.fill(0)
  generation.pages = 0
  return generation
}

export interface SeenKeys {
  /** The bitmaps; another array after a call of `find`. */
  readonly words: Int32Array
  /** Index in `words` of the first of the 128 words of the page (`high`, `low`). */
  find(high: number, low: number): number
}

/** `memory`: bytes of bitmaps at most; few at first. */
export function seenKeys(memory = 16 * 1024 * 1024): SeenKeys {
  const limit = Math.max(1, Math.floor(memory / 2 / (wordsPerPage * 4)))
  let current = newGeneration(Math.min(firstPages, limit))
  let previous: Generation | undefined

  const makeRoom = () => {
    if (current.pages < current.room) return
    if (current.room < limit) {
      current = grown(current, Math.min(limit, current.room * 2))
      return
    }
    const oldest = previous
    previous = current
    current = oldest === undefined ? newGeneration(limit) : emptied(oldest)
  }

  return {
    get words() {
      return current.words
    },
    find(high, low) {
      let page = pageOf(current, high, low)
      if (page === -1) {
        makeRoom()
        page = addPage(current, high, low)
        const old = previous === undefined ? -1 : pageOf(previous, high, low)
        // Touched again, it belongs to the younger half.
        if (previous !== undefined && old !== -1)
          current.words.set(previous.words.subarray(old * wordsPerPage, (old + 1) * wordsPerPage), page * wordsPerPage)
      }
      return page * wordsPerPage
    },
  }
}
