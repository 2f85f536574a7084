import { clusterOf } from '../../core/cluster/cluster.js'
import type { Clock } from '../../core/ports.js'
import type { Site } from '../../core/site/resolve.js'
import { type EventLog, openKafka } from '../../services/kafka/client.js'

export interface KafkaContext {
  readonly site: Site
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Does `work` with the site's Kafka, and closes its connections. */
export async function withKafka<T>(context: KafkaContext, work: (log: EventLog) => Promise<T>): Promise<T> {
  await using log = openKafka(clusterOf(context.site), context)
  return await work(log)
}
