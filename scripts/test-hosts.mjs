// `npm run test:hosts`, `npm run test:stack-hosts`: the tests on two hosts in namespaces of their own, or, where that
// cannot be, their skipping with the reason. The first argument is vitest's configuration, the others go to vitest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const harness = 'test/support/two-hosts'
const report = process.env.SMARTCAR_TEST_REPORT
const reporters = report === undefined ? [] : ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const [config = 'vitest.hosts.config.ts', ...words] = process.argv.slice(2)
const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--config', config, ...reporters, ...words]
const isolated = process.platform === 'linux' && process.getuid() === 0
// The base system comes from the network, which the namespaces do not have.
if (isolated) spawnSync(`${harness}/two-hosts.sh`, ['build'], { stdio: ['ignore', 2, 2] })
// So does the software of the services.
if (isolated && config.includes('stack')) {
  spawnSync(process.execPath, ['--import', 'tsx', 'test/stack-hosts/fetch.ts'], { stdio: ['ignore', 2, 2] })
}
const [file, ...args] = isolated ? [`${harness}/run-isolated.sh`, ...vitest] : vitest
process.exitCode = spawnSync(file, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
