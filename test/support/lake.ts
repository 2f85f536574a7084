import { createHash } from 'node:crypto'
import path from 'node:path'
import type { LakeManifest } from '../../src/core/lake.js'
import { lakeFolders, type RecordKind } from '../../src/core/layout.js'
import type { JobContext } from '../../src/core/ports.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function grouped(rows: readonly string[], key: (row: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const row of rows) {
    const group = groups.get(key(row)) ?? []
    group.push(row)
    groups.set(key(row), group)
  }
  return groups
}

/** Puts sound rows into a lake as `collect` would: rows by day, one manifest. Each call is a file that came later. */
export async function fillLake(
  context: Pick<JobContext, 'files' | 'layout'>,
  kind: RecordKind,
  rows: readonly string[],
  source = `${kind}.txt`,
): Promise<LakeManifest> {
  const sequence = (await context.files.list(context.layout.manifests)).length + 1
  const byDay = grouped(rows, (row) => (kind === 'status' || kind === 'drive' ? row.slice(0, 8) : ''))
  const keys = new Set(rows.map((row) => row.slice(0, 20)))
  const digest = sha256(rows.join('\n'))
  const files: LakeManifest['files'] = []
  for (const [day, ofDay] of byDay) {
    const text = ofDay.map((row) => `${row}\n`).join('')
    const name = `${lakeFolders[kind]}-${String(sequence).padStart(6, '0')}-${digest.slice(0, 12)}.log`
    const relative = [lakeFolders[kind], ...(day === '' ? [] : [`wrk_date=${day}`]), name].join('/')
    await context.files.writeAtomic(path.join(context.layout.lake, relative), text)
    const months = Object.fromEntries(
      [...grouped(ofDay, (row) => row.slice(-6))].map(([month, ofMonth]) => [month, ofMonth.length]),
    )
    files.push({
      path: relative,
      day: day === '' ? null : day,
      rows: ofDay.length,
      bytes: Buffer.byteLength(text),
      sha256: sha256(text),
      ...(kind === 'purchases' ? { months } : {}),
    })
  }
  const manifest: LakeManifest = {
    schemaVersion: 1,
    kind,
    sequence,
    source,
    sha256: digest,
    collectedAt: '2026-01-01T00:00:00.000Z',
    rows: {
      read: rows.length,
      kept: rows.length,
      headers: 0,
      rejected: 0,
      duplicates: kind === 'status' || kind === 'drive' ? rows.length - keys.size : 0,
    },
    reasons: {},
    rejects: null,
    files,
  }
  await context.files.writeAtomic(
    path.join(context.layout.manifests, `${kind}-${sequence}.json`),
    JSON.stringify(manifest),
  )
  return manifest
}
