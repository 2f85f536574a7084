/**
 * What a detector must find, worked out from the numbers while the rows are made. Written apart from the rule engine
 * (src/rules) and the marts (src/marts) on purpose: only then does it prove something that they agree.
 */

/** Speeding rule of pilot.md, section 4: tumbling windows of 30 s of log time, average speed strictly over 80. */
export const windowSeconds = 30
export const speedLimit = 80

/** Checks of managed_smartcar_emergency_check_info (pilot.md, section 5). */
export const emergencyCheckNames = [
  'Tire Check',
  'Light Check',
  'Engine Check',
  'Brake Check',
  'Battery Check',
] as const

export type EmergencyCheck = (typeof emergencyCheckNames)[number]

const leastTireAverage = 80
const leastBatteryAverage = 30

/**
 * The checks that hold for a car and a day: `rows` rows with these sums (four tires, battery), in which `broken` parts
 * were seen in their worst class. A light, an engine or a break shows its worst class in some row exactly when it
 * is among the broken parts.
 */
export function emergencyChecks(
  rows: number,
  sums: Float64Array,
  broken: readonly { readonly part: string }[],
): EmergencyCheck[] {
  if (rows === 0) return []
  const average = (index: number) => (sums[index] ?? 0) / rows
  const holds: Record<EmergencyCheck, boolean> = {
    'Tire Check': [0, 1, 2, 3].some((tire) => average(tire) < leastTireAverage),
    'Light Check': broken.some(({ part }) => part.startsWith('light')),
    'Engine Check': broken.some(({ part }) => part === 'engine'),
    'Brake Check': broken.some(({ part }) => part === 'break'),
    'Battery Check': average(4) < leastBatteryAverage,
  }
  return emergencyCheckNames.filter((name) => holds[name])
}
