import type { JobContext } from '../../core/ports.js'
import { plural } from '../../render/format.js'
import { askWarehouse } from '../query/ask.js'
import { loadSavedQuery } from '../query/saved.js'
import type { StageOutcome } from './run.js'

/** The first rows of the answer to one saved question. */
export interface Answer {
  /** `smartcar query --saved NAME` gives the whole answer. */
  readonly name: string
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** The ad-hoc questions of pilot.md, section 5. */
const questions: readonly { readonly name: string; readonly parameters: (day: string) => readonly string[] }[] = [
  { name: 'symptoms-of-day', parameters: (day) => [`day=${day}`] },
  { name: 'fastest-cars-by-area', parameters: (day) => [`day=${day}`] },
  { name: 'average-speed-by-area', parameters: (day) => [`day=${day}`, 'threshold=60'] },
  { name: 'owners-over-30-male', parameters: () => [] },
  { name: 'low-battery', parameters: (day) => [`day=${day}`] },
]
const rowsShown = 3

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

async function ask(name: string, parameters: readonly string[], context: JobContext): Promise<Answer> {
  const { title } = await loadSavedQuery(name, context)
  const source = { saved: name, sql: undefined, file: undefined, stdin: async function* () {} }
  const asked = { source, options: { limit: rowsShown }, parameters, collect: true }
  const result = await askWarehouse(asked, async () => {}, context)
  return {
    name,
    title,
    columns: result.columns.map((column) => column.name),
    rows: (result.values ?? []).filter(isRow),
  }
}

/** Asks the pilot's saved questions about a day; `day` undefined: nothing was built that could answer. */
export async function askQuestions(
  day: string | undefined,
  context: JobContext,
): Promise<StageOutcome<readonly Answer[]>> {
  if (day === undefined) return { outcome: 'skipped', summary: 'no day was built', value: [] }
  const answers: Answer[] = []
  for (const { name, parameters } of questions) answers.push(await ask(name, parameters(day), context))
  return {
    outcome: 'done',
    looksOnly: true,
    summary: plural(answers.length, 'saved question'),
    value: answers,
  }
}
