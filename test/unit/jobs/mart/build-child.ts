/** A build in a process of its own, for the tests that kill it: `build-child SITE`. */
import { buildMarts } from '../../../../src/jobs/mart/build.js'
import { testContext } from '../../../support/context.js'

const context = await testContext(process.argv[2], { emit: () => {} })
process.stdout.write('ready\n')
const result = await buildMarts({}, context)
process.stdout.write(`${JSON.stringify({ built: result.built, unchanged: result.unchanged })}\n`)
