// Makes a fresh clone ready: installs packages when the lock file says that they are missing or others, and builds
// when a source is newer than the build. `npm start` and `npm test` call it, so that neither needs anything before.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`smartcar needs Node 20.19 or newer; this is ${process.versions.node}`)
  process.exit(1)
}

const digest = (text) => createHash('sha256').update(text).digest('hex')
const stamped = (file, value) => existsSync(file) && readFileSync(file, 'utf8') === value

function runNode(args) {
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}

// `run`: what runs and builds, a quarter of all packages; else also what tests.
const scope = process.argv[2] === 'run' ? 'run' : 'all'
const installStamp = 'node_modules/.smartcar-installed'
// Native packages belong to one platform: a folder carried to another machine is installed anew.
const wanted = digest(`${readFileSync('package-lock.json', 'utf8')}${process.platform}-${process.arch}`)
if (!stamped(installStamp, `${wanted} all`) && !stamped(installStamp, `${wanted} ${scope}`)) {
  const npm = process.env.npm_execpath
  if (npm === undefined) {
    console.error('packages are missing: run npm ci')
    process.exit(1)
  }
  console.error('installing packages')
  runNode([npm, 'ci', scope === 'run' ? '--omit=dev' : '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(installStamp, `${wanted} ${scope}`)
}

const files = ['src', 'commands', 'scripts/build.mjs', 'package.json', 'package-lock.json'].flatMap((entry) =>
  statSync(entry).isFile()
    ? [entry]
    : readdirSync(entry, { recursive: true, encoding: 'utf8' })
        .map((file) => path.join(entry, file))
        .filter((file) => file.endsWith('.ts')),
)
const buildStamp = 'dist/.built-from'
const state = digest(files.map((file) => `${file} ${digest(readFileSync(file))}`).join('\n'))
if (!stamped(buildStamp, state)) {
  runNode(['scripts/build.mjs'])
  mkdirSync('dist', { recursive: true })
  writeFileSync(buildStamp, state)
}
