import type { Checksum } from '../core/downloads.js'

/** A package repository that was read. */
export interface SourceRepository {
  readonly name: string
  /** Ends with a slash; without credentials. */
  readonly url: string
}

/** A package of a repository. Versions are whole: `epoch:version-release`. */
export interface AvailablePackage {
  readonly name: string
  readonly version: string
  /** `x86_64`, `noarch`, `amd64`, `all` */
  readonly arch: string
  readonly repository: SourceRepository
  readonly url: string
  /** bytes */
  readonly size: number
  readonly checksum: Checksum
  /** What it needs, as the catalogue's `parseNeeds` understands it. */
  readonly needs: string
  /** Among several that offer the same, the greater one is taken. */
  readonly rank: number
}

export type Operator = '<' | '<=' | '=' | '>=' | '>'

/** A name, or a file, perhaps in some versions. */
export interface Relation {
  readonly name: string
  readonly operator?: Operator
  readonly version?: string
}

/** One of these is needed. */
export type Need = readonly Relation[]

interface Offer extends Relation {
  readonly package: AvailablePackage
}

/** How a family of package managers compares and understands. */
export interface Rules {
  /** Negative, 0, positive. `asked` may lack what it does not care for (rpm: the release). */
  compare(a: string, b: string): number
  parseNeeds(text: string): readonly Need[]
  /** An offer without a version satisfies also a need for one (rpm: yes, dpkg: no). */
  readonly bareOfferSatisfies: boolean
}

/** `name >= 1` */
export function relationText({ name, operator, version }: Relation): string {
  return operator === undefined || version === undefined ? name : `${name} ${operator} ${version}`
}

/** Whether the two ranges of versions overlap (as rpm's rpmdsCompare reckons it). */
function overlap(offer: Relation, need: Relation, rules: Rules): boolean {
  if (need.operator === undefined || need.version === undefined) return true
  if (offer.operator === undefined || offer.version === undefined) return rules.bareOfferSatisfies
  const sense = rules.compare(offer.version, need.version)
  const [a, b] = [offer.operator, need.operator]
  if (sense < 0) return a.startsWith('>') || b.startsWith('<')
  if (sense > 0) return a.startsWith('<') || b.startsWith('>')
  return (a.includes('=') && b.includes('=')) || (a[0] === '<' && b[0] === '<') || (a[0] === '>' && b[0] === '>')
}

/** What repositories of one family hold, by name and by what is offered. */
export class Catalogue {
  private readonly byName = new Map<string, AvailablePackage[]>()
  private readonly offers = new Map<string, Offer[]>()

  constructor(readonly rules: Rules) {}

  add(one: AvailablePackage, offers: readonly Relation[]): void {
    const same = this.byName.get(one.name)
    if (same === undefined) this.byName.set(one.name, [one])
    else same.push(one)
    for (const offer of offers) this.offer(one, offer)
  }

  /** Adds an offer that was found later, such as a file. */
  offer(one: AvailablePackage, offer: Relation): void {
    const known = this.offers.get(offer.name)
    if (known === undefined) this.offers.set(offer.name, [{ ...offer, package: one }])
    else known.push({ ...offer, package: one })
  }

  /** By the checksum that names a package in its repository's metadata. */
  byChecksum(): ReadonlyMap<string, AvailablePackage> {
    return new Map([...this.byName.values()].flat().map((one) => [one.checksum.hex, one]))
  }

  get size(): number {
    let count = 0
    for (const packages of this.byName.values()) count += packages.length
    return count
  }

  /** Every package that satisfies `need`, the best first: of this name and newest; else by rank, short name, newest. */
  candidates(need: Relation): readonly AvailablePackage[] {
    const { rules } = this
    const newest = (a: AvailablePackage, b: AvailablePackage) => rules.compare(b.version, a.version)
    const named = (this.byName.get(need.name) ?? [])
      .filter((one) => overlap({ name: one.name, operator: '=', version: one.version }, need, rules))
      .sort(newest)
    const others = (this.offers.get(need.name) ?? [])
      .filter((offer) => offer.package.name !== need.name && overlap(offer, need, rules))
      .map((offer) => offer.package)
      .sort((a, b) => b.rank - a.rank || a.name.length - b.name.length || compareText(a.name, b.name) || newest(a, b))
    return [...new Set([...named, ...others])]
  }

  /** Versions that are there of a name, newest first; for messages. */
  versions(name: string): readonly string[] {
    return (this.byName.get(name) ?? []).map(({ version }) => version).sort((a, b) => this.rules.compare(b, a))
  }
}

/** Order of code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
