/** Small sites for the tests of marts. */
import type { TestContext } from '../../../support/context.js'
import { fillLake } from '../../../support/lake.js'

export const master = (car: string, age: number): string => `${car}|남|${age}|미혼|서울|학생|1000|2009|F`

export interface StatusRow {
  readonly time: string
  readonly car: string
  readonly tires?: number
  readonly light?: number
  readonly engine?: string
  readonly brake?: string
  readonly battery?: number
}

export function status(row: StatusRow): string {
  const { time, car, tires = 90, light = 1, engine = 'A', brake = 'A', battery = 90 } = row
  return [time, car, tires, 90, 90, 90, light, 1, 1, 1, engine, brake, battery].join(',')
}

export interface DriveRow {
  readonly time: string
  readonly car: string
  readonly pedal?: number
  readonly brake?: number
  readonly steer?: string
  readonly speed?: number
}

export function drive(row: DriveRow): string {
  const { time, car, pedal = 1, brake = 0, steer = 'F', speed = 50 } = row
  return [time, car, pedal, brake, steer, 'N', speed, 'A01'].join(',')
}

/** `second` of a day as yyyyMMddHHmmss. */
export function at(day: string, second: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return day + two(Math.floor(second / 3600)) + two(Math.floor(second / 60) % 60) + two(second % 60)
}

export const days = ['20200322', '20200323'] as const

/** Three cars (C0003's owner is 17) with a minute of both logs on two days, and purchases of two months. */
export async function smallSite(context: TestContext): Promise<void> {
  await fillLake(context, 'master', [master('A0001', 20), master('B0002', 30), master('C0003', 17)], 'CarMaster.txt')
  const cars = ['A0001', 'B0002', 'C0003']
  for (const day of days) {
    const seconds = Array.from({ length: 15 }, (_, index) => index * 4)
    const rows = seconds.flatMap((second) => cars.map((car) => ({ time: at(day, second), car })))
    await fillLake(context, 'status', rows.map(status), `SmartCarStatusInfo_${day}.txt`)
    await fillLake(context, 'drive', rows.map(drive), `SmartCarDriverInfo.${day}.log`)
  }
  await fillLake(context, 'purchases', [
    'A0001,Item-001,5,202003',
    'C0003,Item-002,1,202003',
    'A0001,Item-001,5,202004',
  ])
}
