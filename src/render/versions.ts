import { table } from './table.js'

interface Line {
  readonly product: string
  readonly pinned: string
  readonly id: string
  readonly hosts: readonly {
    readonly host: string
    readonly state: string
    readonly installed?: string
    readonly roles: readonly { readonly role: string; readonly state: string }[]
  }[]
}

const marks: Readonly<Record<string, string>> = { current: '', outdated: ' (restart pending)', stopped: ' (stopped)' }

/** Pinned, installed and running versions, a line for each product and host. */
export function versionsText({
  products,
  current,
}: {
  readonly products: readonly Line[]
  readonly current: boolean
}): string {
  const rows = products.flatMap(({ product, pinned, id, hosts }) => {
    if (hosts.length === 0) return [[product, pinned, '', 'not wanted', '']]
    return hosts.map(({ host, state, installed, roles }) => [
      product,
      pinned,
      host,
      state === 'installed' ? pinned : state === 'outdated' ? `${installed ?? ''}, pinned is ${id}` : state,
      roles.map((role) => `${role.role}${marks[role.state] ?? ''}`).join(', '),
    ])
  })
  const titles = ['product', 'pinned', 'host', 'installed', 'running'].map((title) => ({ title }))
  const advice = current ? '' : '\nsmartcar provision installs what is pinned and restarts what needs it\n'
  return `${table(titles, rows)}${advice}`
}
