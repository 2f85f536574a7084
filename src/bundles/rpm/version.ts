/** `epoch:version-release`; rpm.org, "rpm-version(7)". */
interface Evr {
  readonly epoch: string
  readonly version: string
  readonly release: string | undefined
}

function parseEvr(text: string): Evr {
  const [, epoch = '0', version = '', release] = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(text) ?? []
  return { epoch, version, release }
}

function compareNumbers(a: string, b: string): number {
  const [one, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}

/** A run of digits, a run of letters, `~` or `^`; everything else only parts them. */
const segments = (text: string) => text.match(/[0-9]+|[A-Za-z]+|~|\^/g) ?? []

/** Compares two versions, or two releases, as rpmvercmp does. */
export function compareSegments(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [segments(a), segments(b)]
  for (let at = 0; ; at++) {
    const [one, other] = [left[at], right[at]]
    // A tilde is older than everything, the end too; a caret is newer than the end and older than anything else.
    if (one === '~' || other === '~') {
      if (one !== other) return one === '~' ? -1 : 1
      continue
    }
    if (one === '^' || other === '^') {
      if (one === other) continue
      if (one === undefined) return -1
      if (other === undefined) return 1
      return one === '^' ? -1 : 1
    }
    if (one === undefined || other === undefined) return (one === undefined ? 0 : 1) - (other === undefined ? 0 : 1)
    const [digits, otherDigits] = [/^[0-9]/.test(one), /^[0-9]/.test(other)]
    if (digits !== otherDigits) return digits ? 1 : -1
    const order = digits ? compareNumbers(one, other) : one < other ? -1 : one > other ? 1 : 0
    if (order !== 0) return order
  }
}

/** Compares `epoch:version-release`; no epoch is 0, and where one side has no release, releases do not count. */
export function compareEvr(a: string, b: string): number {
  const [one, other] = [parseEvr(a), parseEvr(b)]
  const order = compareNumbers(one.epoch, other.epoch) || compareSegments(one.version, other.version)
  if (order !== 0 || one.release === undefined || other.release === undefined) return order
  return compareSegments(one.release, other.release)
}
