/** A car number is one capital letter and four digits; 26 x 10,000 of them, numbered A0000 = 0 to Z9999 = 259,999. */
export const carNumberPattern = /^[A-Z]\d{4}$/
export const carIndexCount = 260_000
/** The largest fleet that is simulated: the pilot numbers cars from 0001, not 0000 (pilot.md, section 2). */
export const maxCars = 26 * 9999

export function carIndex(carNumber: string): number {
  return (carNumber.charCodeAt(0) - 65) * 10_000 + Number(carNumber.slice(1))
}

export function carNumberAt(index: number): string {
  return String.fromCharCode(65 + Math.floor(index / 10_000)) + String(index % 10_000).padStart(4, '0')
}
