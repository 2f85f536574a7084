import { bytes, number, plural } from './format.js'
import { table } from './table.js'

interface Family {
  readonly family: string
  readonly packages: number
  readonly bytes: number
  readonly repositories: readonly string[]
}

interface Software {
  readonly product: string
  readonly version: string
  readonly bytes: number
}

interface Bundle {
  readonly file: string
  readonly id: string
  readonly bytes: number
  readonly families: readonly Family[]
  readonly software: readonly Software[]
}

function softwareText(software: readonly Software[]): string {
  if (software.length === 0) return ''
  return table(
    [{ title: 'service' }, { title: 'version' }, { title: 'bytes', align: 'right' }],
    software.map(({ product, version, bytes: size }) => [product, version, bytes(size)]),
  )
}

function familiesText(families: readonly Family[]): string {
  if (families.length === 0) return ''
  return table(
    [{ title: 'system' }, { title: 'packages', align: 'right' }, { title: 'bytes', align: 'right' }, { title: 'from' }],
    families.map(({ family, packages, bytes: size, repositories }) => [
      family,
      number(packages),
      bytes(size),
      repositories.join(', '),
    ]),
  )
}

/** What `bundle create` did. */
export function createdText(result: Bundle & { readonly status: 'written' | 'unchanged' }): string {
  const { file, id, status, families, software } = result
  const head = status === 'unchanged' ? `${file} is unchanged` : `wrote ${file}`
  return `${familiesText(families)}${softwareText(software)}${head}: bundle ${id}, ${bytes(result.bytes)}\n`
}

/** What is in a bundle that is whole. */
export function checkedText(
  result: Bundle & { readonly site: string; readonly created: string; readonly items: number },
) {
  const { file, id, site, created, items, families, software } = result
  return `${familiesText(families)}${softwareText(software)}${file} is whole: bundle ${id} for the site ${site}, made ${created}, ${plural(items, 'file')}, ${bytes(result.bytes)}\n`
}

/** What `bundle use` wrote. */
export function usedText(result: {
  readonly siteFile: string
  readonly status: 'written' | 'unchanged'
  readonly bundle: string | null
}): string {
  const { siteFile, status, bundle } = result
  const what =
    bundle === null ? 'packages and software come from the repositories' : `packages and software come from ${bundle}`
  const next = status === 'written' ? '; smartcar provision --plan shows what that changes' : ''
  return `${siteFile} ${status === 'written' ? 'was changed' : 'is unchanged'}: ${what}${next}\n`
}
