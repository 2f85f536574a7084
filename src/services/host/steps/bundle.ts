import { FailedError } from '../../../core/errors.js'
import { fileStep } from '../../../core/plan/shell/file-step.js'
import { runScript, shellStep } from '../../../core/plan/shell/shell-step.js'
import {
  type Change,
  changeOrOk,
  type Finding,
  type ShellCheck,
  type Step,
  type StepEmit,
  type World,
} from '../../../core/plan/step.js'
import { bytes, plural } from '../../../render/format.js'
import { type HostBundle, type HostStepsInput, head } from '../input.js'

/** Where bundles lie on a host, one folder each, by id. */
const bundlesFolder = '/var/lib/smartcar/bundle'

/** Name of the bundle's repository on a host. */
export const bundleRepositoryName = 'smartcar-bundle'

const uploadsAtOnce = 4
const saysEveryMs = 5000

function repositoryFile(input: HostStepsInput): string {
  return input.family === 'debian'
    ? `/etc/apt/sources.list.d/${bundleRepositoryName}.list`
    : `/etc/yum.repos.d/${bundleRepositoryName}.repo`
}

const noBundleScript = (file: string) => `rm -f ${file}
rm -rf ${bundlesFolder}
forget file-bundle-repository
rmdir ${bundlesFolder.replace(/\/[^/]*$/, '')} 2>/dev/null || :`

function removal(input: HostStepsInput): { readonly check: ShellCheck; readonly script: string } {
  const file = repositoryFile(input)
  return {
    check: {
      shell: `for f in ${file} ${bundlesFolder}; do [ -e $f ] && echo "$f"; done; :`,
      interpret: ({ stdout }) =>
        changeOrOk(
          stdout
            .split('\n')
            .filter((line) => line !== '')
            .map((path): Change => ({ kind: 'delete', summary: `remove ${path}` })),
        ),
    },
    script: noBundleScript(file),
  }
}

/** Without a bundle: what an earlier one has left on the host goes. */
function noBundle(input: HostStepsInput): Step {
  const { check, script } = removal(input)
  const host = input.host.name
  return shellStep({
    ...head(input, 'no-bundle', {
      title: 'no bundle',
      reason: 'packages come from the repositories',
      group: 'packages',
    }),
    check,
    command: `rm -r ${bundlesFolder}`,
    apply: () => script,
    undo: {
      check,
      apply: async (world) => {
        await runScript(world, host, script, { command: `rm -r ${bundlesFolder}` })
      },
    },
  })
}

interface Found {
  /** Sizes in bytes by path below the bundles' folder. */
  readonly sizes: ReadonlyMap<string, number>
  /** Ids of the bundles that are there. */
  readonly ids: readonly string[]
  /** Free bytes of the file system. */
  readonly free: number
}

/** Prints free KiB, then size and path of each file. */
const look = `d=${bundlesFolder}; while [ ! -e "$d" ]; do d=$(dirname "$d"); done
df -Pk "$d" | awk 'NR == 2 { print $4 }'
if [ -d ${bundlesFolder} ]; then cd ${bundlesFolder} && find . -type f -printf '%s %P\\n'; fi`

function parseLook(stdout: string): Found {
  const [free = '0', ...lines] = stdout.trim().split('\n')
  const sizes = new Map(
    lines.flatMap((line): [string, number][] => {
      const match = /^(\d+) (.+)$/.exec(line)
      return match === null ? [] : [[match[2] ?? '', Number(match[1])]]
    }),
  )
  const ids = [...new Set([...sizes.keys()].map((path) => path.split('/')[0] ?? ''))]
  return { sizes, ids, free: Number(free) * 1024 }
}

function missingItems(bundle: HostBundle, found: Found): HostBundle['items'] {
  return bundle.items.filter(({ path, size }) => found.sizes.get(`${bundle.id}/${path}`) !== size)
}

function interpretLook(bundle: HostBundle, stdout: string): Finding {
  const found = parseLook(stdout)
  const missing = missingItems(bundle, found)
  const needed = missing.reduce((sum, { size }) => sum + size, 0)
  if (needed > found.free) {
    return {
      state: 'blocked',
      reason: `the bundle needs ${bytes(needed)} below ${bundlesFolder}, ${bytes(found.free)} are free`,
      hints: ['free some space there, or mount a larger disk at /var/lib/smartcar'],
    }
  }
  const changes: Change[] = []
  if (missing.length > 0) {
    changes.push({
      kind: 'create',
      summary: `upload ${plural(missing.length, 'file')} of the bundle ${bundle.id}`,
      after: `${bytes(needed)} in ${bundlesFolder}/${bundle.id}`,
    })
  }
  for (const id of found.ids) if (id !== bundle.id) changes.push({ kind: 'delete', summary: `remove the bundle ${id}` })
  return changeOrOk(changes)
}

async function upload(
  bundle: HostBundle,
  missing: HostBundle['items'],
  host: string,
  world: World,
  emit: StepEmit,
): Promise<void> {
  const total = missing.reduce((sum, { size }) => sum + size, 0)
  const queue = [...missing]
  let done = 0
  let said = world.clock.monotonic()
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const { path, offset, size, sha256 } = item
      const remote = `${bundlesFolder}/${bundle.id}/${path}`
      const sent = await world.upload(host, bundle.file, remote, { range: { offset, length: size }, mode: 0o644 })
      if (sent.sha256 !== sha256) {
        await runScript(world, host, `rm -f ${remote}`, { command: `rm ${remote}` })
        throw new FailedError('BUNDLE_DAMAGED', `${bundle.file}: ${path} has changed bytes`, {
          place: { file: bundle.file },
          hints: ['smartcar bundle check says all that is wrong; make the bundle anew with smartcar bundle create'],
        })
      }
      done += size
      const now = world.clock.monotonic()
      if (now - said < saysEveryMs) continue
      said = now
      emit(`bundle: ${bytes(done)} of ${bytes(total)} uploaded, ${plural(queue.length, 'file')} to go`)
    }
  }
  const stopAll = (error: unknown) => {
    queue.length = 0
    throw error
  }
  const results = await Promise.allSettled(Array.from({ length: uploadsAtOnce }, () => work().catch(stopAll)))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

function bundleFiles(input: HostStepsInput, bundle: HostBundle): Step {
  const host = input.host.name
  const own = head(input, 'bundle-files', {
    title: 'packages of the bundle',
    reason: 'the site takes its packages from a bundle',
    group: 'packages',
  })
  const { check: undoCheck, script } = removal(input)
  return {
    ...own,
    needs: own.needs ?? [],
    check: { shell: look, interpret: ({ stdout }) => interpretLook(bundle, stdout) },
    async apply(world, _finding, emit) {
      const stdout = await runScript(world, host, `mkdir -p ${bundlesFolder}/${bundle.id}\n(\n${look}\n)`, {
        command: `mkdir -p ${bundlesFolder}`,
      })
      const found = parseLook(stdout)
      await upload(bundle, missingItems(bundle, found), host, world, emit)
      const old = found.ids.filter((id) => id !== bundle.id && /^[0-9a-f]+$/.test(id))
      if (old.length > 0)
        await runScript(world, host, `cd ${bundlesFolder} && rm -rf ${old.join(' ')}`, {
          command: 'remove old bundles',
        })
    },
    undo: {
      check: undoCheck,
      apply: async (world) => {
        await runScript(world, host, script, { command: `rm -r ${bundlesFolder}` })
      },
    },
  }
}

function bundleRepository(input: HostStepsInput, bundle: HostBundle): Step {
  const folder = `${bundlesFolder}/${bundle.id}`
  // What is in the folder was compared by SHA-256 with what the bundle's maker got from the repositories.
  const text =
    input.family === 'debian'
      ? `deb [trusted=yes] file:${folder} ./\n`
      : `[${bundleRepositoryName}]\nname=bundle ${bundle.id}, by smartcar\nbaseurl=file://${folder}/\ngpgcheck=0\nenabled=1\n`
  return fileStep({
    ...head(
      input,
      'bundle-repository',
      {
        title: 'package repository of the bundle',
        reason: 'the package manager installs from the uploaded packages',
        group: 'packages',
      },
      ['bundle-files'],
    ),
    path: repositoryFile(input),
    edit: () => text,
    revert: () => '',
    after: input.family === 'debian' ? ':' : 'yum -q clean metadata >/dev/null 2>&1 || :',
  })
}

/** Packages from a bundle instead of repositories; without one, nothing of an earlier bundle stays. */
export function bundleSteps(input: HostStepsInput): readonly Step[] {
  const { bundle } = input
  if (bundle === undefined) return [noBundle(input)]
  return [bundleFiles(input, bundle), bundleRepository(input, bundle)]
}
