import { clockText } from '../../../../src/core/calendar.js'
import type { Capped, ReportData } from '../../../../src/render/report/data.js'

/** The same numbers on every machine (Park and Miller's generator). */
function draws(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function capped<T>(rows: readonly T[], limit: number): Capped<T> {
  return { rows: rows.slice(0, limit), total: rows.length }
}

/** A report as the pilot's would be, for a fleet of `cars`. */
export function sampleReport(cars = 20, day = '20200322'): ReportData {
  const draw = draws(cars + 7)
  const names = Array.from(
    { length: cars },
    (_, index) => `${String.fromCharCode(65 + (index % 26))}${String(1 + Math.floor(index / 26)).padStart(4, '0')}`,
  )
  const wild = names.filter((_, index) => index % 10 === 3)
  const speeders = names
    .filter((_, index) => index % 2 === 1)
    .map((car) => {
      const hours = Array.from({ length: 24 }, (_, hour) =>
        Math.floor(draw() ** 2 * (wild.includes(car) ? 90 : 14) * (hour > 5 ? 1 : 0.2)),
      )
      return { car, hours, windows: hours.reduce((sum, count) => sum + count, 0), fastest: 100 + draw() * 60 }
    })
    .sort((a, b) => b.windows - a.windows)
  const windows = speeders
    .flatMap((speeder) =>
      [0, 1, 2].map((index) => ({
        car: speeder.car,
        average: speeder.fastest - index * 3.1,
        start: Math.floor(draw() * 2880) * 30,
      })),
    )
    .sort((a, b) => b.average - a.average)
    .map((window) => ({
      car: window.car,
      start: day + clockText(window.start),
      end: day + clockText(window.start + 30),
      average: window.average,
      rows: 15,
    }))
  const symptoms = names.map((car) => {
    const speedZ = wild.includes(car) ? 2.2 + draw() : (draw() + draw() - 1.1) * 1.4
    const brakeZ = (draw() + draw() - 1) * 1.7
    const steering = wild.includes(car) ? 17_200 + Math.floor(draw() * 300) : 8600 + Math.floor(draw() * 200)
    return {
      car,
      speed: { average: 1.56 + speedZ * 0.02, z: speedZ, abnormal: Math.abs(speedZ) > 2 },
      brake: { average: 0.3 + brakeZ * 0.004, z: brakeZ, abnormal: Math.abs(brakeZ) > 2 },
      steering,
      steeringAbnormal: steering > 2000,
    }
  })
  const bins = (scores: readonly number[]) =>
    Array.from({ length: 16 }, (_, index) => ({
      from: -4 + index * 0.5,
      count: scores.filter((z) => Math.floor((z + 4) / 0.5) === index).length,
    }))
  const areas = ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((letter) =>
    Array.from({ length: 10 }, (_, index) => {
      const area = `${letter}${String(index + 1).padStart(2, '0')}`
      const slow = ['A10', 'B02', 'C04', 'D05', 'E10', 'F06'].includes(area)
      const hours = Array.from({ length: 24 }, (_, hour) => (slow ? 22 : 64) + draw() * 12 + Math.sin(hour / 3) * 6)
      return { area, hours, rows: 2900, average: hours.reduce((sum, speed) => sum + speed, 0) / 24 }
    }),
  )
  const items = Array.from({ length: 30 }, (_, index) => ({
    item: `Item-${String(index + 1).padStart(3, '0')}`,
    count: 3300 - index * 9,
    score: 2.9 + draw() / 5,
  }))
  const emergencies = names
    .filter((_, index) => index % 9 === 2)
    .map((car, index) => ({
      car,
      sex: index % 2 === 0 ? '남' : '여',
      age: 31 + (index % 30),
      model: 'ABCDEFGH'[index % 8] ?? 'A',
      year: 2003 + index,
      region: ['서울', '경기', '제주'][index % 3] ?? '서울',
      reasons: [
        { part: 'tire' as const, positions: ['FL'], average: 41.3 + index, since: undefined },
        ...(index % 2 === 0
          ? [{ part: 'engine' as const, positions: [], average: undefined, since: `${day}081204` }]
          : []),
        ...(index % 3 === 1
          ? [{ part: 'light' as const, positions: ['FR', 'BL'], average: undefined, since: `${day}173320` }]
          : []),
      ],
    }))
  return {
    site: 'smartcar-data',
    day,
    fleet: {
      masterCars: 2600,
      adultCars: 2449,
      activeCars: cars,
      statusRows: cars * 21_600,
      driveRows: cars * 43_200,
      averageSpeed: 62.4,
      topSpeed: 250,
      sexes: [
        { label: '남', count: Math.ceil(cars * 0.55) },
        { label: '여', count: Math.floor(cars * 0.45) },
      ],
      ages: ['18\u201329', '30\u201339', '40\u201349', '50\u201359', '60\u201370'].map((label) => ({
        label,
        count: 1 + Math.floor((draw() * cars) / 3),
      })),
      regions: ['경기', '서울', '강원', '인천', '대전', '부산', '제주'].map((label, index) => ({
        label,
        count: Math.max(1, Math.floor(cars / (index + 3))),
      })),
      models: [...'ABCDEFGH'].map((label) => ({ label, count: 1 + Math.floor((draw() * cars) / 6) })),
      days: capped(
        [
          {
            day,
            statusRows: cars * 21_600,
            driveRows: cars * 43_200,
            windows: 812,
            emergencies: emergencies.length,
            abnormal: 3,
          },
          {
            day: '20200321',
            statusRows: cars * 21_600,
            driveRows: cars * 43_200,
            windows: 790,
            emergencies: 1,
            abnormal: 2,
          },
        ],
        31,
      ),
    },
    emergencies: {
      built: true,
      ...capped(emergencies, 100),
      byPart: [
        { part: 'tire', count: emergencies.length },
        { part: 'engine', count: Math.ceil(emergencies.length / 2) },
        { part: 'light', count: 1 },
        { part: 'brake', count: 0 },
        { part: 'battery', count: 0 },
      ],
    },
    symptoms: {
      ...capped(
        symptoms.sort((a, b) => Math.abs(b.speed.z) - Math.abs(a.speed.z)),
        60,
      ),
      abnormal: { pedals: wild.length, speed: wild.length, brake: 0, steering: cars },
      speed: { mean: 1.561, deviation: 0.0213, width: 0.5, bins: bins(symptoms.map((row) => row.speed.z)) },
      brake: { mean: 0.3001, deviation: 0.0042, width: 0.5, bins: bins(symptoms.map((row) => row.brake.z)) },
      steeringLimit: 2000,
      zLimit: 2,
    },
    speeding: {
      windows: speeders.reduce((sum, speeder) => sum + speeder.windows, 0),
      cars: capped(speeders, 30),
      hours: Array.from({ length: 24 }, (_, hour) =>
        speeders.reduce((sum, speeder) => sum + (speeder.hours[hour] ?? 0), 0),
      ),
      fastest: capped(windows, 12),
      rule: { seconds: 30, condition: 'avg_speed > 80', limit: 80 },
    },
    areas: { rows: areas },
    purchases: {
      month: day.slice(0, 6),
      rows: 94_178,
      buyers: 2449,
      averageScore: 3.003,
      sold: capped(items, 10),
      liked: capped(
        items.toSorted((a, b) => b.score - a.score),
        10,
      ),
    },
    intake: {
      ...capped(
        [
          {
            source: `SmartCarStatusInfo_${day}.txt`,
            kind: 'status',
            read: 432_000,
            kept: 431_570,
            headers: 0,
            rejected: 430,
            duplicates: 12,
            reasons: [
              { label: 'columns', count: 300 },
              { label: 'date', count: 130 },
            ],
            rejects: 'rejects/status-000001.csv',
          },
          {
            source: 'SmartCarDriverInfo.log',
            kind: 'drive',
            read: 864_000,
            kept: 864_000,
            headers: 20,
            rejected: 0,
            duplicates: 0,
            reasons: [],
            rejects: undefined,
          },
        ],
        40,
      ),
      read: 1_296_000,
      kept: 1_295_570,
      headers: 20,
      rejected: 430,
      duplicates: 12,
    },
    stages: capped(
      [
        { id: 'simulate', title: 'simulate', inside: false, rows: 1_296_000, ms: 1210 },
        { id: 'collect', title: 'collect', inside: false, rows: 1_296_000, ms: 640 },
        { id: 'build', title: 'build', inside: false, rows: 1_296_000, ms: 2950 },
        { id: 'build/a', title: 'managed_smartcar_drive_info', inside: true, rows: 864_000, ms: 1400 },
      ],
      60,
    ),
    tests: {
      run: 42,
      failed: capped(
        [{ table: 'managed_smartcar_drive_info', partition: day, test: 'unique (car_number, reg_date)', failures: 3 }],
        30,
      ),
      byTable: [
        { table: 'managed_smartcar_status_info', run: 21, failed: 0 },
        { table: 'managed_smartcar_drive_info', run: 21, failed: 1 },
      ],
    },
  }
}
