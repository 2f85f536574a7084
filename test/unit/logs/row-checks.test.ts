import { describe, expect, test } from 'vitest'
import type { RecordKind } from '../../../src/core/layout.js'
import { explainLine, rowFormats } from '../../../src/logs/formats.js'
import { lookAhead, newFacts, type RowFacts } from '../../../src/logs/row-checks.js'
import { goodRows, isSound, seededDraws } from '../jobs/collect/rows.js'

const kinds = Object.keys(rowFormats) as RecordKind[]

/** What the check says of one row that stands in a buffer in front of another sound row of its kind. */
function check(kind: RecordKind, row: Uint8Array, facts: RowFacts = newFacts()): number {
  const follower = Buffer.from(`\n${goodRows[kind][0]}\n`)
  const bytes = Buffer.concat([row, follower, Buffer.alloc(lookAhead)])
  return rowFormats[kind].check(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, facts)
}

const accepts = (kind: RecordKind, row: Uint8Array, facts?: RowFacts) => check(kind, row, facts) === row.byteLength

function reasonOf(kind: RecordKind, row: string | Uint8Array): string {
  const bytes = Buffer.from(row)
  return explainLine(rowFormats[kind], bytes, check(kind, bytes))
}

describe.each(kinds)('%s rows', (kind) => {
  test.each(goodRows[kind])('%s is sound', (row) => {
    expect(isSound(kind, row)).toBe(true)
    expect(accepts(kind, Buffer.from(row))).toBe(true)
  })

  test('the check agrees with regular expressions on 40,000 damaged rows', () => {
    const draw = seededDraws(20_200_322)
    const spare = [...'0123456789,|ABFLNRZ-. \r\t"é가', '', '00', '-1', ',,', '99999999999999999999']
    // One object for all rows: what it remembers of the last row must not make a wrong row right.
    const facts = newFacts()
    let sound = 0
    for (let round = 0; round < 40_000; round++) {
      const row = [...(goodRows[kind][draw(goodRows[kind].length)] ?? '')]
      for (let change = draw(3); change >= 0; change--)
        row.splice(draw(row.length + 1), draw(3), spare[draw(spare.length)] ?? '')
      const text = row.join('')
      const expected = isSound(kind, text)
      if (expected) sound++
      if (accepts(kind, Buffer.from(text), facts) !== expected)
        expect.fail(`${JSON.stringify(text)} is ${expected ? '' : 'not '}sound`)
    }
    // Some changes leave a row sound: else this would only try one answer.
    expect(sound).toBeGreaterThan(100)
  })

  test('every single byte of a row matters, 0 to 255', () => {
    for (const row of goodRows[kind]) {
      for (let position = 0; position < Buffer.byteLength(row); position++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = Buffer.from(row)
          bytes[position] = byte
          const text = new TextDecoder('utf-8', { fatal: true })
          let expected = false
          try {
            expected = byte !== 0x0a && isSound(kind, text.decode(bytes))
          } catch {
            // not UTF-8
          }
          if (accepts(kind, bytes) !== expected)
            expect.fail(`byte ${byte} at ${position} of ${row} is ${expected ? '' : 'not '}sound`)
        }
      }
    }
  })
})

describe('reasons', () => {
  const [status = '', drive = '', master = '', purchases = ''] = kinds.map((kind) => goodRows[kind][0])
  test.each([
    ['status', status.replace('20200322', '20200230'), 'date'],
    ['status', status.replace('20200322', '00000000'), 'date'],
    ['status', status.replace('20200322000000', '2020-03-22 00:00'), 'date'],
    ['status', status.replace('000000', '240001'), 'clock'],
    ['status', status.replace('000000', '236000'), 'clock'],
    ['drive', drive.replace('000000', '006000'), 'clock'],
    ['drive', drive.replace('X0021', 'A1'), 'car-number'],
    ['drive', drive.replace('X0021', '가0001'), 'car-number'],
    ['drive', drive.replace('X0021', 'x0021'), 'car-number'],
    ['status', status.replace(',100,', ',101,'), 'value:tire_fl'],
    ['status', status.replace(',71,', ',-71,'), 'value:tire_fr'],
    ['status', status.replace(',100,71,', ',5,,'), 'value:tire_fr'],
    ['status', status.replace(',76,', ',99999999999999999999,'), 'value:tire_bl'],
    ['status', status.replace(',1,1,1,1,', ',1,1,3,1,'), 'value:light_bl'],
    ['status', status.replace(',1,1,1,1,', ',1,0,1,1,'), 'value:light_fr'],
    ['status', status.replace(',B,A,', ',D,A,'), 'value:engine'],
    ['status', status.replace(',B,A,', ',B,a,'), 'value:break'],
    ['status', status.replace(/97$/, '-1'), 'value:battery'],
    ['status', status.replace(/97$/, '97 '), 'value:battery'],
    ['status', `${status},1`, 'columns'],
    ['status', Array(200).fill('1').join(), 'columns'],
    ['drive', drive.replace(',1,0,', ',6,0,'), 'value:speed_pedal'],
    ['drive', drive.replace(',1,0,', ',1,4,'), 'value:break_pedal'],
    ['drive', drive.replace(',F,', ',L4,'), 'value:steer_angle'],
    ['drive', drive.replace(',N,', ',X,'), 'value:direct_light'],
    ['drive', drive.replace(',5,E06', ',251,E06'), 'value:speed'],
    ['drive', drive.replace(',5,E06', ',-5,E06'), 'value:speed'],
    ['drive', drive.replace('E06', 'E11'), 'value:area_number'],
    ['drive', drive.replace('E06', 'G06'), 'value:area_number'],
    ['drive', drive.replace(',5,E06', ''), 'columns'],
    ['drive', '', 'empty'],
    ['drive', `${drive}${' '.repeat(70_000)}`, 'too-long'],
    ['master', master.replace('A0001', '가0001'), 'car-number'],
    ['master', master.replace('여', ''), 'value:sex'],
    ['master', master.replace('여', '\u0007'), 'value:sex'],
    ['master', master.replace('여', '  '), 'value:sex'],
    ['master', master.replace('프리랜서', '긴'.repeat(41)), 'value:job'],
    ['master', master.replace('|32|', '|151|'), 'value:age'],
    ['master', master.replace('|32|', '|-3|'), 'value:age'],
    ['master', master.replace('1000', '0'), 'value:car_capacity'],
    ['master', master.replace('1000', '100000'), 'value:car_capacity'],
    ['master', master.replace('2009', '2101'), 'value:car_year'],
    ['master', master.replace('2009', '209'), 'value:car_year'],
    ['master', master.replace(/F$/, 'I'), 'value:car_model'],
    ['master', `${master}|1200`, 'columns'],
    ['purchases', purchases.replace('M0014', 'm0014'), 'car-number'],
    ['purchases', purchases.replace('018', '031'), 'value:item'],
    ['purchases', purchases.replace('018', '000'), 'value:item'],
    ['purchases', purchases.replace(',2,', ',6,'), 'value:score'],
    ['purchases', purchases.replace('202003', '202013'), 'value:month'],
    ['purchases', purchases.replace('202003', '000003'), 'value:month'],
    ['purchases', `${purchases},`, 'columns'],
  ] as const)('a %s row %j is rejected for %s', (kind, row, reason) => {
    expect(reasonOf(kind, row)).toBe(reason)
  })

  test('bytes that are no UTF-8 come before any other reason', () => {
    const korean = Buffer.concat([Buffer.from('A0001|'), Buffer.from([0xbf, 0xa9]), Buffer.from(master.slice(7))])
    expect(reasonOf('master', korean)).toBe('encoding')
    expect(reasonOf('drive', Buffer.from([0x32, 0xff]))).toBe('encoding')
  })
})

describe('header lines', () => {
  test.each([
    ['status', 'SmartCar Status Information,CarNum,TireFL', true],
    ['drive', 'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum', true],
    ['drive', '날짜,차량번호', true],
    // A damaged row that happens to start with a letter.
    ['drive', 'Z0200322000000,X0021,1,0,F,N,5,E06', false],
    ['drive', '# comment', false],
    ['master', 'carNum|sex|age|marriage|region|job|capacity|year|type', true],
    ['master', 'car_number|sex', true],
    ['master', 'smartcar_master.car_number|smartcar_master.sex', true],
    ['master', '차량번호|성별|나이|결혼|지역|직업|배기량|연식|모델', true],
    ['master', 'A001|여|32|미혼|서울|프리랜서|1000|2009|F', false],
    ['purchases', 'car_number,item,score,month', true],
    ['purchases', 'A0001,item,score', false],
  ] as const)('%s: %j: %s', (kind, line, expected) => {
    expect(explainLine(rowFormats[kind], Buffer.from(line), -1) === 'header').toBe(expected)
  })
})
