import { z } from 'zod'
import { UnreachableError } from '../errors.js'
import type { Http } from '../ports.js'

const answer = z.object({ beans: z.array(z.record(z.string(), z.unknown())) })

/**
 * The attributes of one bean of a Hadoop daemon; undefined while the daemon has not registered it (right after its port
 * opened). Throws UnreachableError when nothing answers, or something else than a Hadoop daemon does.
 */
export async function jmxBean(
  http: Http,
  base: string,
  query: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const response = await http.request({
    method: 'GET',
    url: `${base}/jmx?qry=${encodeURIComponent(query)}`,
    timeoutMs: 10_000,
    signal,
  })
  const text = await response.text()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const parsed = answer.safeParse(value)
  if (response.status === 200 && parsed.success) return parsed.data.beans[0]
  throw new UnreachableError('SERVICE_ODD', `${base}/jmx answered ${response.status}, which no Hadoop daemon does`, {
    hints: ['see who listens on that port: smartcar doctor'],
    place: { thing: base },
  })
}

/** A number of a bean, 0 when it is none. */
export function numberOf(bean: Readonly<Record<string, unknown>>, name: string): number {
  const value = bean[name]
  return typeof value === 'number' ? value : 0
}

/** A text of a bean, empty when it is none. */
export function textOf(bean: Readonly<Record<string, unknown>>, name: string): string {
  const value = bean[name]
  return typeof value === 'string' ? value : ''
}
