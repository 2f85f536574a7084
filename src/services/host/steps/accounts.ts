import { leftBehind, shellStep } from '../../../core/plan/shell/shell-step.js'
import { type Change, changeOrOk, type Step } from '../../../core/plan/step.js'
import type { SystemUser } from '../../../core/site/provision.js'
import { type HostStepsInput, head } from '../input.js'

/** Groups that have to be there: the named ones, and every group of a user. */
function allGroups(input: HostStepsInput): readonly string[] {
  return [
    ...new Set([...input.provision.groups, ...input.provision.users.flatMap((user) => [user.group, ...user.groups])]),
  ]
}

export function groups(input: HostStepsInput): Step | undefined {
  const names = allGroups(input)
  if (names.length === 0) return undefined
  const snippet = `for g in ${names.join(' ')}; do getent group "$g" >/dev/null || echo "$g"; done`
  return shellStep({
    ...head(input, 'groups', {
      title: 'groups',
      reason: 'services share files by group',
      group: 'accounts',
    }),
    check: {
      shell: snippet,
      interpret: ({ stdout }) =>
        changeOrOk(
          stdout
            .split('\n')
            .filter((name) => name !== '')
            .map((name) => ({ kind: 'create', summary: `make the group ${name}` })),
        ),
    },
    command: 'groupadd -r',
    apply: () => `want=$(${snippet})\necho "$want" | keep groups\nfor g in $want; do groupadd -r "$g"; done`,
    undo: leftBehind('groups', (kept) => `groups ${kept.split('\n').join(', ')}: files may belong to them`),
  })
}

interface FoundUser {
  readonly home: string
  readonly shell: string
  readonly groups: readonly string[]
}

/** Prints `name:home:shell:groups` of the users that are there. */
function userSnippet(users: readonly SystemUser[]): string {
  const names = users.map(({ name }) => name).join(' ')
  return `for u in ${names}; do e=$(getent passwd "$u") || continue; echo "$u:$(echo "$e" | cut -d: -f6):$(echo "$e" | cut -d: -f7):$(id -Gn "$u")"; done`
}

function parseUsers(stdout: string): ReadonlyMap<string, FoundUser> {
  return new Map(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', home = '', shell = '', member = ''] = line.split(':')
        return [name, { home, shell, groups: member.split(' ') }]
      }),
  )
}

/** An account that is there keeps its home and shell: files and logins may hang on them. Only groups are added. */
export function users(input: HostStepsInput): Step | undefined {
  const wanted = input.provision.users
  if (wanted.length === 0) return undefined
  const missingGroups = (user: SystemUser, found: FoundUser) =>
    [user.group, ...user.groups].filter((group) => !found.groups.includes(group))
  return shellStep({
    ...head(
      input,
      'users',
      {
        title: 'system accounts',
        reason: 'each service runs as its own account, the same on each host',
        group: 'accounts',
      },
      ['groups'],
    ),
    check: {
      shell: userSnippet(wanted),
      interpret: ({ stdout }) => {
        const found = parseUsers(stdout)
        return changeOrOk(
          wanted.flatMap((user): Change[] => {
            const there = found.get(user.name)
            if (there === undefined)
              return [
                {
                  kind: 'create',
                  summary: `make the account ${user.name}`,
                  after: `${user.home}, ${user.shell}, groups ${[user.group, ...user.groups].join(', ')}`,
                },
              ]
            const missing = missingGroups(user, there)
            if (missing.length === 0) return []
            return [
              {
                kind: 'update',
                summary: `add ${user.name} to groups`,
                before: there.groups.join(', '),
                after: [...there.groups, ...missing].join(', '),
              },
            ]
          }),
        )
      },
    },
    command: 'useradd -r',
    apply: () =>
      [
        `for u in ${wanted.map(({ name }) => name).join(' ')}; do getent passwd "$u" >/dev/null || echo "$u"; done | keep users`,
        ...wanted.map((user) => {
          const more = user.groups.length === 0 ? '' : ` -G ${user.groups.join(',')}`
          const all = [user.group, ...user.groups].join(' ')
          // usermod would put the account into its own primary group's line, where it need not be.
          return `if getent passwd ${user.name} >/dev/null; then
  for g in ${all}; do id -Gn ${user.name} | tr ' ' '\\n' | grep -qx "$g" || usermod -a -G "$g" ${user.name}; done
else useradd -r -g ${user.group}${more} -d ${user.home} -M -s ${user.shell} ${user.name}
  mkdir -p ${user.home}; chown ${user.name}:${user.group} ${user.home}; chmod 755 ${user.home}; fi`
        }),
      ].join('\n'),
    undo: leftBehind(
      'users',
      (kept) => `accounts ${kept.split('\n').join(', ')}: files and processes may belong to them`,
    ),
  })
}
