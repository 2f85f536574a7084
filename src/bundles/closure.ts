import { type AvailablePackage, type Catalogue, compareText, type Need, relationText } from './catalogue.js'

/** A package that is to be installed, and who says so. */
export interface Wanted {
  readonly name: string
  /** `step packages` */
  readonly by: string
}

/** A need that no package of the repositories satisfies. */
export interface Unresolved {
  /** `libfoo.so.1 >= 2` */
  readonly need: string
  /** Who needs it, from the nearest one up to the step that began it. */
  readonly neededBy: readonly string[]
  /** Versions of this name that are there and do not fit. */
  readonly versions: readonly string[]
}

export interface Closure {
  /** By name and version. */
  readonly packages: readonly AvailablePackage[]
  readonly unresolved: readonly Unresolved[]
}

const needText = (need: Need) => need.map(relationText).join(' | ')

/**
 * The wanted packages, newest versions, with everything that they need, directly or not. What is chosen already is
 * preferred over another package that offers the same; packages may need each other in circles.
 */
export function closure(wanted: readonly Wanted[], catalogue: Catalogue): Closure {
  const chosen = new Map<AvailablePackage, readonly string[]>()
  const queue: AvailablePackage[] = []
  const unresolved: Unresolved[] = []
  const choose = (need: Need, neededBy: readonly string[]) => {
    const candidates = need.map((relation) => catalogue.candidates(relation))
    if (candidates.some((list) => list.some((one) => chosen.has(one)))) return
    const best = candidates.find((list) => list.length > 0)?.[0]
    if (best === undefined) {
      unresolved.push({
        need: needText(need),
        neededBy,
        versions: need.flatMap(({ name }) => catalogue.versions(name)).slice(0, 5),
      })
      return
    }
    chosen.set(best, neededBy)
    queue.push(best)
  }
  for (const { name, by } of wanted) choose([{ name }], [by])
  const seen = new Set<string>()
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    const above = [one.name, ...(chosen.get(one) ?? [])]
    for (const need of catalogue.rules.parseNeeds(one.needs)) {
      const text = needText(need)
      if (seen.has(text)) continue
      seen.add(text)
      choose(need, above)
    }
  }
  const packages = [...chosen.keys()].sort(
    (a, b) =>
      compareText(a.name, b.name) || catalogue.rules.compare(a.version, b.version) || compareText(a.arch, b.arch),
  )
  return { packages, unresolved }
}
