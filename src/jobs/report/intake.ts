import type { LakeManifest } from '../../core/lake.js'
import type { Intake, IntakeFile } from '../../render/report/data.js'

const filesShown = 40

function fileOf(manifest: LakeManifest): IntakeFile {
  const { rows } = manifest
  return {
    source: manifest.source,
    kind: manifest.kind,
    ...rows,
    reasons: Object.entries(manifest.reasons)
      .map(([label, count]) => ({ label, count }))
      .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1)),
    rejects: manifest.rejects ?? undefined,
  }
}

/** What was collected and what was not, files with rejected rows first. */
export function intakeOf(manifests: readonly LakeManifest[]): Intake {
  const files = manifests.map(fileOf)
  const sum = (of: (file: IntakeFile) => number) => files.reduce((total, file) => total + of(file), 0)
  const ordered = [...files.filter((file) => file.rejected > 0), ...files.filter((file) => file.rejected === 0)]
  return {
    rows: ordered.slice(0, filesShown),
    total: files.length,
    read: sum((file) => file.read),
    kept: sum((file) => file.kept),
    headers: sum((file) => file.headers),
    rejected: sum((file) => file.rejected),
    duplicates: sum((file) => file.duplicates),
  }
}
