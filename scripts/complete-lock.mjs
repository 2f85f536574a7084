// Completes package-lock.json after `npm install` from a registry mirror that has only this machine's platform:
// npm then leaves the packages of other platforms out, and `npm ci` refuses such a lock file everywhere.
import { readFileSync, writeFileSync } from 'node:fs'

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))

/** Whether npm would find `name` from the package at `from`, as Node does: in each node_modules upwards. */
function found(name, from) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true
    if (folder === '') return false
  }
}

let added = 0
for (const [from, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (found(name, from)) continue
    const words = name.replace('windows', 'win32').replace('fsevents', 'fsevents-darwin').split(/[-/.]/)
    const os = systems.filter((system) => words.includes(system))
    const cpu = processors.filter((processor) => words.includes(processor))
    if (os.length === 0 && cpu.length === 0) throw new Error(`${name} names no platform`)
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[~^]/, ''),
      ...(cpu.length === 0 ? {} : { cpu }),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...(os.length === 0 ? {} : { os }),
    }
    added++
  }
}
const [root, ...rest] = Object.keys(lock.packages)
lock.packages = Object.fromEntries([root, ...rest.sort()].map((key) => [key, lock.packages[key]]))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.error(`added ${added} packages of other platforms`)
