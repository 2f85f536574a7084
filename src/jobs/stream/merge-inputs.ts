/**
 * Several inputs as one, in order of time: files may overlap, stand side by side (a file for each car), or be given in
 * any order, and a row that stands in two of them is a repeat, not a late row. One input alone is read as it is.
 */

import { type Block, type Content, lineBlocks } from '../../logs/source.js'
import { rowTime } from '../../rules/drive-rows.js'
import type { Detector, InputPass } from './detector.js'
import type { Input, OpenInput } from './inputs.js'

/** Files that are open at once; more that overlap wait until one of these ends. */
const mostOpen = 64

interface Reading {
  readonly pass: InputPass
  readonly opened: OpenInput
  readonly content: Content
  readonly blocks: AsyncGenerator<Block>
  /** The next row of the pass's batch. */
  cursor: number
}

const timeOf = ({ pass, cursor }: Reading): number => rowTime(pass.batch, cursor)

/** Moves on to a batch that has a row left; false at the end of the input. */
async function fill(reading: Reading, onBlock: () => void): Promise<boolean> {
  const { pass, blocks } = reading
  while (reading.cursor >= pass.batch.rows) {
    if (await pass.decode()) {
      reading.cursor = 0
      continue
    }
    await pass.drain()
    onBlock()
    const next = await blocks.next()
    if (next.done) return false
    pass.setBlock(next.value)
  }
  return true
}

async function close({ blocks, content, opened }: Reading): Promise<void> {
  await blocks.return(undefined)
  await content[Symbol.asyncDispose]()
  await opened[Symbol.asyncDispose]()
}

/** Gives all rows of the inputs to the detector. `onBlock` is called once in a while and may throw. */
export async function readMerged(inputs: readonly Input[], detector: Detector, onBlock: () => void): Promise<void> {
  // Stable: inputs that start together keep their order.
  const waiting = [...inputs].sort((a, b) => (a.firstTime === b.firstTime ? 0 : a.firstTime - b.firstTime))
  const reading = new Set<Reading>()

  const earliest = (except?: Reading): Reading | undefined => {
    let found: Reading | undefined
    for (const one of reading) {
      if (one !== except && (found === undefined || timeOf(one) < timeOf(found))) found = one
    }
    return found
  }

  const goOn = async (one: Reading): Promise<void> => {
    if (await fill(one, onBlock)) return
    await one.pass.end()
    reading.delete(one)
    await close(one)
  }

  const openNext = async (input: Input): Promise<void> => {
    const opened = await input.open()
    const content = opened.content()
    const one: Reading = { pass: detector.begin(input.name), opened, content, blocks: lineBlocks(content), cursor: 0 }
    reading.add(one)
    await goOn(one)
  }

  try {
    for (;;) {
      const [next] = waiting
      const first = earliest()
      const room = reading.size < mostOpen
      if (next !== undefined && room && (first === undefined || next.firstTime <= timeOf(first))) {
        waiting.shift()
        await openNext(next)
        continue
      }
      if (first === undefined) return
      const other = earliest(first)
      const limit = Math.min(
        other === undefined ? Number.POSITIVE_INFINITY : timeOf(other),
        next !== undefined && room ? next.firstTime : Number.POSITIVE_INFINITY,
      )
      const { batch } = first.pass
      let to = batch.rows
      if (limit < Number.POSITIVE_INFINITY) {
        to = first.cursor
        while (to < batch.rows && rowTime(batch, to) <= limit) to++
      }
      first.pass.apply(first.cursor, to)
      first.cursor = to
      await goOn(first)
    }
  } finally {
    for (const one of reading) await close(one)
  }
}
