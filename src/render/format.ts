/** Numbers for people. Never localised: the same on every machine, so that output can be compared. */

/** `2160000` as `2,160,000`; fractions keep at most `digits` places. */
export function number(value: number | bigint, digits = 0): string {
  const text = typeof value === 'bigint' ? value.toString() : value.toFixed(digits)
  const [whole = '0', fraction] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** Milliseconds as `340 ms`, `1.9 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`
}

/** Bytes as `512 B`, `3.4 MB`; powers of 1000. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let value = count
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? 'TB'}`
}

/** `count` in `ms` as `1.2 M rows/s`. */
export function rate(count: number, ms: number, unit = 'rows'): string {
  if (ms <= 0) return ''
  const perSecond = (count * 1000) / ms
  if (perSecond >= 999_500) return `${(perSecond / 1e6).toFixed(1)} M ${unit}/s`
  if (perSecond >= 1000) return `${Math.round(perSecond / 1000)} k ${unit}/s`
  return `${Math.round(perSecond)} ${unit}/s`
}

/** `1 file`, `3 files`, `2 entries`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`
}
