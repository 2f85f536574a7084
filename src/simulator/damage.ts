import { comma } from './bytes.js'
import type { Random } from './random.js'

/** Which log a row belongs to: decides which field can hold which wrong value. */
export type LogKind = 'status' | 'drive'

/**
 * A good row (without its newline) as a line that no reader may accept. Every form still starts with a digit, since a
 * line that starts with a letter would pass for a header line.
 */
type Damage = (row: Buffer, random: Random, kind: LogKind) => Buffer

function fieldsOf(row: Buffer): string[] {
  return row.toString('latin1').split(',')
}

function joined(fields: readonly string[]): Buffer {
  return Buffer.from(fields.join(','), 'latin1')
}

function withField(row: Buffer, index: number, value: string): Buffer {
  const fields = fieldsOf(row)
  fields[index] = value
  return joined(fields)
}

function overwritten(row: Buffer, at: number, text: string): Buffer {
  const copy = Buffer.from(row)
  copy.write(text, at, 'latin1')
  return copy
}

/** Columns by log: one that holds a number, and one that holds one of few words. */
const numberColumn = { status: 2, drive: 6 } as const
const wordColumn = { status: 10, drive: 4 } as const

const forms: Readonly<Record<string, Damage>> = {
  // Never behind the last comma: a shorter last number would still be a valid row.
  truncated: (row, random) => row.subarray(0, random.between(1, row.lastIndexOf(comma))),
  'missing column': (row, random) => {
    const fields = fieldsOf(row)
    fields.splice(random.between(1, fields.length - 1), 1)
    return joined(fields)
  },
  'extra column': (row) => joined([...fieldsOf(row), '0']),
  'empty field': (row, random) => withField(row, random.between(1, fieldsOf(row).length - 1), ''),
  'impossible date': (row) => overwritten(row, 4, '13'),
  'impossible time': (row) => overwritten(row, 8, '27'),
  'wrong delimiter': (row) => joined([fieldsOf(row).join(';')]),
  'wrong car number': (row) => withField(row, 1, (fieldsOf(row)[1] ?? '').toLowerCase()),
  'unknown value': (row, _random, kind) => withField(row, wordColumn[kind], 'X9'),
  'out of range': (row, _random, kind) => withField(row, numberColumn[kind], '9999'),
  'not a number': (row, _random, kind) => withField(row, numberColumn[kind], '--'),
  'wrong encoding': (row) => overwritten(row, 15, '\u00ff'),
  'joined rows': (row) => Buffer.concat([row, row]),
}

/** Names of the forms, for the truth file's readers. */
export const damageForms = Object.keys(forms)

/** A damaged copy of `row` (both without newline), and how it was damaged. */
export function damage(row: Uint8Array, random: Random, kind: LogKind): { form: string; bytes: Uint8Array } {
  const form = random.pick(damageForms)
  const make = forms[form]
  if (make === undefined) throw new RangeError(`no damage named ${form}`)
  return { form, bytes: make(Buffer.from(row), random, kind) }
}
