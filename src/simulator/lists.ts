import path from 'node:path'
import { isMonth } from '../core/calendar.js'
import { throwIfInterrupted, UsageError } from '../core/errors.js'
import type { JobContext } from '../core/ports.js'
import { number, plural } from '../render/format.js'
import { ByteBuffer, comma, newline, padded } from './bytes.js'
import { carNumberOf, checkCars, masterCars } from './fleet.js'
import { drawIncident, type IncidentHeader, incidentColumns, incidentHeader } from './incidents.js'
import { checkSeed, defaultMonth, defaultSeed, type SimulateOptions, type SimulateResult } from './options.js'
import { checkPlaces, Output, type OutputOptions, outputPath, type SimulatedFile } from './output.js'
import { incomeHeader, incomeRow, type Locale, masterRow, ownersInOrder } from './owners.js'
import { Random } from './random.js'
import { recordedRun } from './recorded-run.js'

/** One file that is a list of rows. */
interface ListFile {
  readonly name: string
  readonly rows: number
  /** Rows in blocks, the header in front. */
  blocks(): Iterable<Uint8Array>
}

interface ListRun {
  readonly kind: 'master' | 'purchases' | 'income' | 'incidents'
  readonly title: string
  readonly files: readonly ListFile[]
  readonly arguments: unknown
}

const blockBytes = 256 * 1024

async function runList(run: ListRun, options: SimulateOptions, context: JobContext): Promise<SimulateResult> {
  const destination = options.out ?? context.layout.landing
  await checkPlaces(context, destination, undefined)
  const targets = run.files.map(
    ({ name }): OutputOptions => ({
      destination: typeof destination === 'string' ? path.resolve(destination) : destination,
      name,
      gzip: options.gzip ?? false,
    }),
  )
  const head = {
    kind: run.kind,
    title: run.title,
    paths: typeof destination === 'string' ? targets.map(outputPath) : [],
    arguments: { kind: run.kind, gzip: options.gzip ?? false, of: run.arguments },
  }
  return recordedRun(head, options, context, async (progress) => {
    const files: SimulatedFile[] = []
    for (const [index, list] of run.files.entries()) {
      const target = targets[index]
      if (target === undefined) continue
      await using output = await Output.open(context, target)
      for (const block of list.blocks()) {
        throwIfInterrupted(context.signal)
        await output.write(block)
      }
      files.push({ ...(await output.finish()), rows: list.rows })
      progress(files.reduce((sum, { rows }) => sum + rows, 0))
    }
    const rows = files.reduce((sum, file) => sum + file.rows, 0)
    return { status: 'done', files, rows, bytes: files.reduce((sum, file) => sum + file.bytes, 0) }
  })
}

function* textBlocks(lines: Iterable<string>): Iterable<Uint8Array> {
  let block: string[] = []
  for (const line of lines) {
    block.push(line, '\n')
    if (block.length >= 8192) {
      yield Buffer.from(block.join(''))
      block = []
    }
  }
  yield Buffer.from(block.join(''))
}

export interface OwnerOptions extends SimulateOptions {
  /** Owners, default 2,600 (the pilot's master); more when the logs have more cars. */
  readonly cars?: number
  /** Default ko, as the original. */
  readonly locale?: Locale
}

function checkOwners(options: OwnerOptions): { seed: number; cars: number; locale: Locale } {
  const { cars = masterCars, locale = 'ko' } = options
  checkCars(cars)
  return { seed: checkSeed(options.seed ?? defaultSeed), cars, locale }
}

/** `CarMaster.txt`: the owners of the cars, `|` separated, UTF-8, no header (pilot.md, section 2). */
export async function simulateMaster(options: OwnerOptions, context: JobContext): Promise<SimulateResult> {
  const { seed, cars, locale } = checkOwners(options)
  const lines = () => ownersInOrder(cars).map(({ ordinal }) => masterRow(seed, ordinal, locale))
  const file: ListFile = { name: 'CarMaster.txt', rows: cars, blocks: () => textBlocks(lines()) }
  const run: ListRun = {
    kind: 'master',
    title: `simulate master: ${plural(cars, 'owner')}`,
    files: [file],
    arguments: { seed, cars, locale },
  }
  return runList(run, options, context)
}

/** `CarMaster2Income.txt`: the variant with incomes and a header line (pilot.md, section 2). */
export async function simulateIncome(options: OwnerOptions, context: JobContext): Promise<SimulateResult> {
  const { seed, cars, locale } = checkOwners(options)
  const lines = () => [incomeHeader, ...ownersInOrder(cars).map(({ ordinal }) => incomeRow(seed, ordinal, locale))]
  const file: ListFile = { name: 'CarMaster2Income.txt', rows: cars, blocks: () => textBlocks(lines()) }
  const run: ListRun = {
    kind: 'income',
    title: `simulate income: ${plural(cars, 'owner')}`,
    files: [file],
    arguments: { seed, cars, locale },
  }
  return runList(run, options, context)
}

const mostRows = 1_000_000_000

function checkRows(rows: number): number {
  if (Number.isInteger(rows) && rows >= 1 && rows <= mostRows) return rows
  throw new UsageError('ROWS_INVALID', `cannot simulate ${rows} rows`, {
    hints: [`give --rows a whole number from 1 to ${number(mostRows)}`],
  })
}

export interface PurchaseOptions extends SimulateOptions {
  /** yyyyMM each, one file a month; default 202003. */
  readonly months?: readonly string[]
  /** Rows a month, default 100,000. */
  readonly rows?: number
  /** Owners who buy, default 2,600. */
  readonly cars?: number
}

const items = 30
const scores = 5

function* purchaseBlocks(seed: number, month: string, rows: number, cars: number): Iterable<Uint8Array> {
  const random = Random.of({ seed, purpose: 'purchases', car: 0, day: Number(month) })
  const target = new ByteBuffer(new ArrayBuffer(blockBytes + 64))
  const tail = Buffer.from(`,${month}\n`)
  for (let row = 0; row < rows; row++) {
    const car = carNumberOf(random.below(cars))
    const item = padded(random.between(1, items), 3)
    target.append(Buffer.from(`${car},Item-${item},${random.between(1, scores)}`, 'latin1'))
    target.append(tail)
    if (target.length < blockBytes) continue
    yield target.written()
    target.length = 0
  }
  yield target.written()
}

/** `CarItemBuyList_<yyyyMM>.txt`: purchases of a month, cars, items and scores drawn evenly (pilot.md, section 2). */
export async function simulatePurchases(options: PurchaseOptions, context: JobContext): Promise<SimulateResult> {
  const { months = [defaultMonth], cars = masterCars } = options
  const seed = checkSeed(options.seed ?? defaultSeed)
  const rows = checkRows(options.rows ?? 100_000)
  checkCars(cars)
  const wrong = months.find((month) => !isMonth(month))
  if (wrong !== undefined || months.length === 0)
    throw new UsageError('MONTH_INVALID', `"${wrong ?? ''}" is not a month`, { hints: ['write it as 202003'] })
  const run: ListRun = {
    kind: 'purchases',
    title: `simulate purchases: ${plural(months.length, 'month')}, ${number(rows)} rows each`,
    files: months.map((month) => ({
      name: `CarItemBuyList_${month}.txt`,
      rows,
      blocks: () => purchaseBlocks(seed, month, rows, cars),
    })),
    arguments: { seed, rows, cars },
  }
  return runList(run, options, context)
}

export interface IncidentOptions extends SimulateOptions {
  /** Default 200,000. */
  readonly rows?: number
  /** Default training. */
  readonly header?: IncidentHeader
}

function* incidentBlocks(seed: number, rows: number, header: IncidentHeader): Iterable<Uint8Array> {
  const random = Random.of({ seed, purpose: 'incidents', car: 0, day: 0 })
  const row = new Uint8Array(incidentColumns.length + 1)
  const target = new ByteBuffer(new ArrayBuffer(blockBytes + 64))
  target.append(Buffer.from(`${incidentHeader(header, rows)}\n`))
  for (let index = 0; index < rows; index++) {
    drawIncident(random, row)
    target.reserve(2 * row.length)
    for (const value of row) {
      target.bytes[target.length++] = 48 + value
      target.bytes[target.length++] = comma
    }
    target.bytes[target.length - 1] = newline
    if (target.length < blockBytes) continue
    yield target.written()
    target.length = 0
  }
  yield target.written()
}

/** `CarDrivingIncidentInfo.csv`: ten features and the class to predict (pilot.md, section 2). */
export async function simulateIncidents(options: IncidentOptions, context: JobContext): Promise<SimulateResult> {
  const seed = checkSeed(options.seed ?? defaultSeed)
  const rows = checkRows(options.rows ?? 200_000)
  const header = options.header ?? 'training'
  const run: ListRun = {
    kind: 'incidents',
    title: `simulate incidents: ${number(rows)} rows`,
    files: [{ name: 'CarDrivingIncidentInfo.csv', rows, blocks: () => incidentBlocks(seed, rows, header) }],
    arguments: { seed, rows, header },
  }
  return runList(run, options, context)
}
