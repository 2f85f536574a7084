import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Alert, alertDays, readAlerts } from '../../../../src/jobs/stream/alert-files.js'
import { runStream, type StreamResult, type StreamSource } from '../../../../src/jobs/stream/run.js'
import type { TestContext } from '../../../support/context.js'
import type { ReferenceAlert } from '../../rules/support.js'

export const table = 'speeding_alerts'

/** Writes a file in the test's folder and returns its path. */
export async function put(context: TestContext, name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(context.layout.root, 'input', name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
  return file
}

export const run = (
  context: TestContext,
  source: StreamSource,
  more: { ruleFiles?: readonly string[]; rule?: string; fromStart?: boolean; once?: boolean } = {},
): Promise<StreamResult> => runStream({ source, ruleFiles: [], pollMs: 5, checkpointMs: 0, ...more }, context)

export const runFiles = (context: TestContext, ...paths: string[]): Promise<StreamResult> =>
  run(context, { kind: 'files', paths })

/** Every alert of every day, as brute force tells them. */
export async function stored(context: TestContext, name = table): Promise<ReferenceAlert[]> {
  const alerts: Alert[] = []
  for (const { day } of await alertDays(context, name)) {
    alerts.push(...((await readAlerts(context, { table: name, day })) ?? []))
  }
  return alerts.map(({ carNumber, windowStart, rows, member, values }) => ({
    car: carNumber,
    start: windowStart,
    rows,
    member,
    values: Object.values(values),
  }))
}

/** The bytes of an alert file. */
export const alertText = (context: TestContext, day: string, name = table): Promise<string> =>
  readFile(path.join(context.layout.alerts, name, `day=${day}`, 'alerts.csv'), 'utf8')

/** A stream of pieces, as stdin comes. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}
