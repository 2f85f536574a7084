import type { JobContext } from '../../core/ports.js'
import type { Adults } from './checks.js'

const adultAge = 18

async function lines(file: string, context: Pick<JobContext, 'files'>): Promise<string[]> {
  const text = (await context.files.readText(file)) ?? ''
  return text.split('\n').filter((line) => line !== '')
}

/** Cars of a simulated master whose owner is 18 or more, read apart from the warehouse so that it proves something. */
export async function adultsOf(masterFile: string, context: Pick<JobContext, 'files'>): Promise<Adults> {
  const rows = (await lines(masterFile, context)).map((line) => line.split('|'))
  return new Set(rows.filter(([, , age]) => Number(age) >= adultAge).map(([car = '']) => car))
}

/** Purchases of a simulated file that were made by these owners. */
export async function purchasesBy(
  adults: Adults,
  purchaseFile: string,
  context: Pick<JobContext, 'files'>,
): Promise<number> {
  return (await lines(purchaseFile, context)).filter((line) => adults.has(line.slice(0, line.indexOf(',')))).length
}
