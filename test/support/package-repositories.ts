import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Web } from './web.js'

const sum = (data: Uint8Array, algorithm = 'sha256') => createHash(algorithm).update(data).digest('hex')

export interface StubPackage {
  readonly name: string
  readonly version?: string
  readonly arch?: string
  /** `libc.so.6`, `foo >= 2`, `/usr/bin/perl` */
  readonly requires?: readonly string[]
  readonly provides?: readonly string[]
  readonly files?: readonly string[]
  /** In the full file lists alone. */
  readonly otherFiles?: readonly string[]
}

const flag: Readonly<Record<string, string>> = { '<': 'LT', '<=': 'LE', '=': 'EQ', '>=': 'GE', '>': 'GT' }

function entry(text: string): string {
  const [name, operator = '', version = ''] = text.split(' ')
  const [ver, rel] = version.split('-')
  const range =
    operator === ''
      ? ''
      : ` flags="${flag[operator]}" epoch="0" ver="${ver}"${rel === undefined ? '' : ` rel="${rel}"`}`
  return `<rpm:entry name="${name}"${range}/>`
}

const entries = (kind: string, list: readonly string[]) =>
  list.length === 0 ? '' : `<rpm:${kind}>${list.map(entry).join('')}</rpm:${kind}>`

/** Puts an rpm repository below `folder`, written as createrepo writes it. */
export function addRpmRepository(web: Web, folder: string, packages: readonly StubPackage[]): void {
  const primary: string[] = []
  const lists: string[] = []
  for (const {
    name,
    version = '1.0-1',
    arch = 'x86_64',
    requires = [],
    provides = [],
    files = [],
    otherFiles = [],
  } of packages) {
    const file = `Packages/${name}-${version}.${arch}.rpm`
    const data = Buffer.from(`the package ${name} ${version} ${arch}\n`.repeat(50))
    web.files.set(`${folder}${file}`, data)
    const [ver, rel] = version.split('-')
    const evr = `epoch="0" ver="${ver}" rel="${rel}"`
    const fileXml = files.map((one) => `<file>${one}</file>`).join('')
    primary.push(`<package type="rpm"><name>${name}</name><arch>${arch}</arch><version ${evr}/>
<checksum type="sha256" pkgid="YES">${sum(data)}</checksum><summary>a &amp; b &lt;c&gt;</summary>
<size package="${data.byteLength}" installed="1" archive="1"/><location href="${file}"/>
<format><rpm:license>test</rpm:license>${entries('provides', [`${name} = ${version}`, ...provides])}${entries('requires', ['rpmlib(CompressedFileNames) <= 3.0.4-1', ...requires])}${fileXml}</format></package>`)
    const all = [...files, ...otherFiles].map((one) => `<file>${one}</file>`).join('')
    lists.push(`<package pkgid="${sum(data)}" name="${name}" arch="${arch}"><version ${evr}/>${all}</package>`)
  }
  const url = 'http://linux.duke.edu/metadata'
  const data = [
    [
      'primary',
      `<metadata xmlns="${url}/common" xmlns:rpm="${url}/rpm" packages="${primary.length}">${primary.join('\n')}</metadata>`,
    ],
    ['filelists', `<filelists xmlns="${url}/filelists" packages="${lists.length}">${lists.join('\n')}</filelists>`],
  ].map(([type = '', xml = '']) => {
    const packed = gzipSync(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)
    const file = `repodata/${sum(packed)}-${type}.xml.gz`
    web.files.set(`${folder}${file}`, packed)
    return `<data type="${type}"><checksum type="sha256">${sum(packed)}</checksum><location href="${file}"/><size>${packed.byteLength}</size></data>`
  })
  web.files.set(
    `${folder}repodata/repomd.xml`,
    Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="${url}/repo">${data.join('')}</repomd>`),
  )
}

export interface StubDeb {
  readonly name: string
  readonly version?: string
  readonly fields?: Readonly<Record<string, string>>
  /** The package itself; made up when left out. */
  readonly data?: Uint8Array
}

/** Puts a Debian repository with one suite and component below `folder`. */
export function addDebianRepository(web: Web, folder: string, suite: string, packages: readonly StubDeb[]): void {
  const text = packages
    .map(({ name, version = '1.0', fields = {}, data = Buffer.from(`${name} ${version}`) }) => {
      const file = `pool/main/${name}_${version.replace(':', '%3a')}_amd64.deb`
      web.files.set(`${folder}${file}`, data)
      const own = { Package: name, Version: version, Architecture: 'amd64', ...fields }
      const lines = Object.entries(own).map(([key, value]) => `${key}: ${value}\n`)
      return `${lines.join('')}Filename: ${file}\nSize: ${data.byteLength}\nSHA256: ${sum(data)}\nDescription: stub\n of ${name}\n`
    })
    .join('\n')
  const packed = gzipSync(text)
  const name = 'main/binary-amd64/Packages.gz'
  web.files.set(`${folder}dists/${suite}/${name}`, packed)
  const release = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: test\nSuite: ${suite}\nMD5Sum:\n ${sum(packed, 'md5')} ${packed.byteLength} ${name}\nSHA256:\n ${sum(packed)} ${packed.byteLength} ${name}\n`
  web.files.set(`${folder}dists/${suite}/InRelease`, Buffer.from(release))
}
