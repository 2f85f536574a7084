import { leftBehind, shellStep } from '../../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type Step } from '../../../core/plan/step.js'
import { bytes } from '../../../render/format.js'
import { type HostStepsInput, head } from '../input.js'

/** Prints `kind owner group mode freeKiB` of a folder; the free space is that of the nearest folder which is there. */
function snippet(path: string): string {
  return `d=${path}; while [ ! -e "$d" ]; do d=$(dirname "$d"); done
free=$(df -Pk "$d" | tail -n 1 | awk '{print $4}')
if [ -d ${path} ]; then echo "directory $(stat -L -c '%U %G %a' ${path}) $free"
elif [ -e ${path} ]; then echo "other - - - $free"
else echo "absent - - - $free"; fi`
}

export function directories(input: HostStepsInput): readonly Step[] {
  return input.provision.directories.map((directory) => {
    const { path, owner, mode, free } = directory
    const name = `directory-${path.slice(1).replaceAll('/', '-')}`
    const wantedMode = mode.toString(8)
    const group = directory.group
    return shellStep({
      ...head(
        input,
        name,
        { title: `folder ${path}`, reason: 'data needs a place with room and the right owner', group: 'storage' },
        input.provision.users.length === 0 ? [] : ['users'],
      ),
      check: {
        shell: snippet(path),
        interpret: ({ stdout }) => {
          const [kind = '', foundOwner = '', foundGroup = '', foundMode = '', freeKiB = '0'] = stdout.trim().split(' ')
          const freeBytes = Number(freeKiB) * 1024
          if (kind === 'other')
            return {
              state: 'blocked',
              reason: `${path} is there and is no folder`,
              hints: [`move it away, or give another folder in provision.directories`],
            }
          // Space is asked for before anything is put there; a folder that is in use fills up, and doctor watches that.
          if (kind === 'absent' && freeBytes < free)
            return {
              state: 'blocked',
              reason: `the file system of ${path} has ${bytes(freeBytes)} free, ${bytes(free)} are wanted`,
              hints: [`mount a larger disk there, or lower free for ${path} in provision.directories`],
            }
          const changes: Change[] = []
          const wantedOwner = group === undefined ? owner : `${owner}:${group}`
          const isOwner = foundOwner === owner && (group === undefined || foundGroup === group)
          if (kind === 'absent')
            changes.push({ kind: 'create', summary: `make ${path}`, after: `${wantedOwner}, mode ${wantedMode}` })
          else {
            if (!isOwner)
              changes.push({
                kind: 'update',
                summary: `give ${path} to ${wantedOwner}`,
                before: `${foundOwner}:${foundGroup}`,
                after: wantedOwner,
              })
            if (foundMode !== wantedMode)
              changes.push({ kind: 'update', summary: `set the mode of ${path}`, before: foundMode, after: wantedMode })
          }
          return changeOrOk(changes)
        },
      },
      command: `mkdir -p ${path}`,
      apply: () =>
        `if [ ! -e ${path} ]; then echo created; else stat -L -c '%U:%G %a' ${path}; fi | keep ${name}
mkdir -p ${path}
chown ${group === undefined ? owner : `${owner}:${group}`} ${path}
chmod ${wantedMode} ${path}`,
      undo: leftBehind(name, () => `the folder ${path}: data is never deleted`),
    })
  })
}
