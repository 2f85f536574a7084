import { z } from 'zod'
import type { Measure, Spread, SymptomRow, Symptoms } from '../../render/report/data.js'
import type { Rows } from './rows.js'

/** The rule of pilot.md, section 5. */
const zLimit = 2
const steeringLimit = 2000
/** The drawing reaches from -4 to 4 deviations in halves; what lies beyond is counted at its ends. */
const binWidth = 0.5
const binCount = 16
const shown = 60

const symptom = z.object({
  car: z.string(),
  speed: z.number(),
  speedMean: z.number(),
  speedDeviation: z.number().nullable(),
  speedScore: z.number().nullable(),
  speedAbnormal: z.boolean(),
  brake: z.number(),
  brakeMean: z.number(),
  brakeDeviation: z.number().nullable(),
  brakeScore: z.number().nullable(),
  brakeAbnormal: z.boolean(),
  steering: z.number(),
  steeringAbnormal: z.boolean(),
  cars: z.number(),
  pedalCars: z.number(),
  speedCars: z.number(),
  brakeCars: z.number(),
  steeringCars: z.number(),
})

/** The most unusual cars first, each row with the counts of the whole day. */
const symptomSql = `
SELECT m.car_number AS car,
  s.speed_p_avg AS speed, s.speed_p_mean AS "speedMean", s.speed_p_deviation AS "speedDeviation",
  s.speed_p_score AS "speedScore", m.speed_p_symptom = 'abnormal' AS "speedAbnormal",
  s.break_p_avg AS brake, s.break_p_mean AS "brakeMean", s.break_p_deviation AS "brakeDeviation",
  s.break_p_score AS "brakeScore", m.break_p_symptom = 'abnormal' AS "brakeAbnormal",
  CAST(m.steer_a_cnt AS DOUBLE) AS steering, m.steer_p_symptom = 'abnormal' AS "steeringAbnormal",
  CAST(count(*) OVER () AS DOUBLE) AS cars,
  CAST(count(*) FILTER (m.speed_p_symptom = 'abnormal' OR m.break_p_symptom = 'abnormal') OVER () AS DOUBLE) AS "pedalCars",
  CAST(count(*) FILTER (m.speed_p_symptom = 'abnormal') OVER () AS DOUBLE) AS "speedCars",
  CAST(count(*) FILTER (m.break_p_symptom = 'abnormal') OVER () AS DOUBLE) AS "brakeCars",
  CAST(count(*) FILTER (m.steer_p_symptom = 'abnormal') OVER () AS DOUBLE) AS "steeringCars"
FROM managed_smartcar_symptom_info m
JOIN smartcar_symptom_scores s ON s.car_number = m.car_number AND s.biz_date = m.biz_date
WHERE m.biz_date = $1
ORDER BY "speedAbnormal" OR "brakeAbnormal" DESC,
  greatest(abs(coalesce("speedScore", 0)), abs(coalesce("brakeScore", 0))) DESC,
  car
LIMIT ${shown}`

const bin = z.object({ pedal: z.enum(['speed', 'brake']), slot: z.number(), count: z.number() })

const binSql = `
SELECT pedal, CAST(greatest(0, least(${binCount - 1}, floor(score / ${binWidth}) + ${binCount / 2})) AS INTEGER) AS slot,
  CAST(count(*) AS DOUBLE) AS count
FROM (
  SELECT unnest(['speed', 'brake']) AS pedal, unnest([speed_p_score, break_p_score]) AS score
  FROM smartcar_symptom_scores
  WHERE biz_date = $1
)
WHERE score IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2`

function measure(average: number, score: number | null, abnormal: boolean): Measure {
  return { average, z: score ?? undefined, abnormal }
}

/** undefined when the symptom mart has no rows of this day. */
export async function symptomsOf(warehouse: Rows, day: string): Promise<Symptoms | undefined> {
  const found = await warehouse.rows(symptomSql, symptom, [day])
  const [first] = found
  if (first === undefined) return undefined
  const counted = await warehouse.rows(binSql, bin, [day])
  const spread = (pedal: 'speed' | 'brake', mean: number, deviation: number | null): Spread => ({
    mean,
    deviation: deviation === 0 ? undefined : (deviation ?? undefined),
    width: binWidth,
    bins: Array.from({ length: binCount }, (_, slot) => ({
      from: (slot - binCount / 2) * binWidth,
      count: counted.find((row) => row.pedal === pedal && row.slot === slot)?.count ?? 0,
    })),
  })
  return {
    rows: found.map(
      (row): SymptomRow => ({
        car: row.car,
        speed: measure(row.speed, row.speedScore, row.speedAbnormal),
        brake: measure(row.brake, row.brakeScore, row.brakeAbnormal),
        steering: row.steering,
        steeringAbnormal: row.steeringAbnormal,
      }),
    ),
    total: first.cars,
    abnormal: {
      pedals: first.pedalCars,
      speed: first.speedCars,
      brake: first.brakeCars,
      steering: first.steeringCars,
    },
    speed: spread('speed', first.speedMean, first.speedDeviation),
    brake: spread('brake', first.brakeMean, first.brakeDeviation),
    steeringLimit,
    zLimit,
  }
}
