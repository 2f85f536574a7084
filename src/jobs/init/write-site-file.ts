import path from 'node:path'
import { FailedError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { renderTemplate } from '../../render/template.js'

export interface SiteFileInput {
  readonly folder: string
  /** Default: the folder's name, as far as it can be a site's name. */
  readonly name?: string
  readonly profile: string
  readonly locale: string
}

export interface SiteFileResult {
  readonly file: string
  readonly status: 'created' | 'unchanged'
}

function siteName(folder: string): string {
  const name = path
    .basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63)
  return name === '' ? 'smartcar' : name
}

/** Writes a commented site file into a folder, which is made when absent; an existing file stays as it is. */
export async function writeSiteFile(
  input: SiteFileInput,
  { files, templates }: Pick<JobContext, 'files' | 'templates'>,
): Promise<SiteFileResult> {
  const folder = path.resolve(input.folder)
  const file = path.join(folder, 'smartcar.yaml')
  if ((await files.stat(file)) !== undefined) return { file, status: 'unchanged' }
  const template = await files.readText(path.join(templates, 'site', 'smartcar.yaml.eta'))
  if (template === undefined) {
    throw new FailedError('TEMPLATE_ABSENT', `the template of the site file is missing in ${templates}`, {
      hints: ['install smartcar again'],
    })
  }
  await files.writeAtomic(
    file,
    renderTemplate(template, { name: input.name ?? siteName(folder), profile: input.profile, locale: input.locale }),
  )
  return { file, status: 'created' }
}
