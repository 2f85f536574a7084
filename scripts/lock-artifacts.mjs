// Pins the files of the Apache services: resolves every POM of provisioning/apache with Maven and writes its
// artifacts.lock. Run by hand when a version changes: node scripts/lock-artifacts.mjs [PRODUCT…]
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const folder = 'provisioning/apache'

/** The artifact whose version is the product's. */
const main = {
  zookeeper: 'zookeeper',
  hadoop: 'hadoop-common',
  kafka: 'kafka_2.13',
  hbase: 'hbase-server',
  flume: 'flume-ng-core',
  hive: 'hive-service',
}

/** Files of the resolution that a product must not have, each with the failure that it causes. */
const unwanted = {
  hive: [
    /^hadoop-client-api/, // a second Hadoop
    /^slf4j-reload4j/, // Tez then misses log4j's ThreadLocalMap; reload4j itself stays
    /^jline-3\.9\.0/, // schematool: NoSuchMethodError StringsCompleter
    /^log4j-web/,
    /-tests\.jar$/,
    /^hive-jdbc-.*standalone/,
    /^netty-3\.10/,
    /osx-|aarch_64/,
  ],
}

function target(product, file) {
  if (file.endsWith('.tar.gz')) return `archives/${file}`
  // The jar with Hadoop's web pages also holds tests: behind all others in the class path.
  if (product === 'hadoop' && file.startsWith('hadoop-hdfs-') && file.endsWith('-tests.jar')) return `extra/${file}`
  return `lib/${file}`
}

const wanted = process.argv.slice(2)
for (const product of wanted.length > 0 ? wanted : Object.keys(main)) {
  const out = mkdtempSync(path.join(os.tmpdir(), 'smartcar-lock-'))
  execFileSync(
    'mvn',
    [
      '-q',
      '-B',
      '-f',
      `${folder}/${product}/pom.xml`,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      '-Dmdep.useRepositoryLayout=true',
      `-DoutputDirectory=${out}`,
      ...(process.env.SMARTCAR_MAVEN_LOCAL ? [`-Dmaven.repo.local=${process.env.SMARTCAR_MAVEN_LOCAL}`] : []),
    ],
    { stdio: 'inherit' },
  )
  const lines = []
  let version
  for (const entry of readdirSync(out, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(out, entry)
    const name = path.basename(entry)
    if (!statSync(file).isFile() || !/\.(jar|tar\.gz)$/.test(name)) continue
    if ((unwanted[product] ?? []).some((pattern) => pattern.test(name))) continue
    const place = entry.split(path.sep).join('/')
    if (place.split('/').at(-3) === main[product]) version = place.split('/').at(-2)
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
    lines.push({ sha256, size: statSync(file).size, target: target(product, name), path: place })
  }
  rmSync(out, { recursive: true })
  lines.sort((a, b) => (a.target < b.target ? -1 : 1))
  const text = `# Written by scripts/lock-artifacts.mjs: sha256, bytes, place below the product's folder, place in a Maven repository.\nversion ${version}\n${lines.map(({ sha256, size, target: place, path: maven }) => `${sha256} ${size} ${place} ${maven}\n`).join('')}`
  writeFileSync(`${folder}/${product}/artifacts.lock`, text)
  console.log(`${product} ${version}: ${lines.length} files`)
}
