// `npm test`: lint, types, borders, unused code, then the tests. Arguments go to vitest: `npm test -- test/unit/rules`.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const wanted = process.argv.slice(2)

const tool = (file, ...args) => [file, ...args]
const checks = [
  ['lint', tool('node_modules/@biomejs/biome/bin/biome', 'check', '.')],
  ['types', tool('node_modules/typescript/bin/tsc', '-p', '.')],
  [
    'borders',
    tool(
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      'src',
      'commands',
      'bin',
      '--config',
      '.dependency-cruiser.cjs',
    ),
  ],
  ['unused code', tool('node_modules/knip/bin/knip.js')],
]

function run([file, ...args], quiet) {
  return new Promise((resolve) => {
    const started = performance.now()
    const child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    })
    let output = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
    })
    child.stderr?.on('data', (chunk) => {
      output += chunk
    })
    child.on('close', (code) => resolve({ code: code ?? 1, output, seconds: (performance.now() - started) / 1000 }))
  })
}

let failed = 0
// Two at a time: the machine that this is measured on has two cores.
const queue = wanted.length === 0 ? [...checks] : []
async function work() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [name, argv] = next
    const { code, output, seconds } = await run(argv, true)
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
    if (code !== 0) {
      failed++
      console.log(output)
    }
  }
}
const lanes = [work(), work()]
// The types take twice as long as the rest: the tests do not leave a core idle meanwhile.
await Promise.race(lanes)
// For the gate, which counts the tests itself. There a second try tells a fault from a machine's slow moment.
const report = process.env.SMARTCAR_TEST_REPORT
const reporters =
  report === undefined ? [] : ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--retry=1']
const tests = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...wanted], false)
await Promise.all(lanes)
if (tests.code !== 0) failed++
process.exitCode = failed === 0 ? 0 : 1
