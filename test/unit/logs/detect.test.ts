import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { localFiles } from '../../../src/io/files.js'
import { detectKind } from '../../../src/logs/detect.js'
import { openSource } from '../../../src/logs/source.js'
import { testContext } from '../../support/context.js'
import { sharedData } from '../../support/shared-data.js'
import { goodRows } from '../jobs/collect/rows.js'

async function detect(text: string | Uint8Array): Promise<string> {
  await using context = await testContext()
  const file = path.join(context.layout.root, 'CarMaster.txt')
  await writeFile(file, text)
  await using source = await openSource(file, localFiles)
  return await detectKind(source)
}

const [status = ''] = goodRows.status
const [drive = ''] = goodRows.drive
const [master = ''] = goodRows.master
const [purchase = ''] = goodRows.purchases
const driveHeader = 'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum'

describe('detectKind', () => {
  test.each([
    ['status', status],
    ['drive', drive],
    ['master', master],
    ['purchases', purchase],
    ['drive', `\ufeff${driveHeader}\r\n${drive}\r\n`],
    ['drive', `${`${driveHeader}\n`.repeat(40_000)}${drive}\n`],
    // The first line is damaged, the second decides.
    ['drive', `${Array(200).fill(1).join()}\n${drive}\n`],
    ['drive', `${'x'.repeat(3_000_000)}\n${drive}\n`],
    // Nothing sound: the shape decides, so that each row gets its own reason.
    ['status', status.replace('20200322', '20200230')],
    ['drive', drive.replace('X0021', '가0001')],
    ['master', master.replace('A0001', 'A1')],
    ['purchases', purchase.replace(',2,', ',9,')],
    // Nothing but headers.
    ['drive', `${driveHeader}\n`],
    ['master', 'carNum|sex|age|marriage|region|job|capacity|year|type'],
    // Most rows decide.
    ['status', `${drive}\n${status}\n${status}\n`],
  ])('%s: %.60s', async (kind, text) => {
    expect(await detect(text)).toBe(kind)
  })

  test('rows in EUC-KR still look like a master, so that each is rejected for its encoding', async () => {
    const row = Buffer.concat([Buffer.from('A0001|'), Buffer.from([0xbf, 0xa9]), Buffer.from(master.slice(7))])
    expect(await detect(row)).toBe('master')
  })

  test.each([
    ['KIND_UNKNOWN', 'no known kind', 'Prose, with commas, here, too\nand a line without\nand one more\n'],
    ['KIND_NOT_COLLECTED', 'income variant', 'carNum|sex|age|marriage|region|job|capacity|year|type|income\n'],
    ['KIND_NOT_COLLECTED', 'income variant', 'A0001|남|64|미혼|전북|주부|4500|2015|B|5850\n'],
    ['KIND_NOT_COLLECTED', 'driving incidents', '0,1,0,1,1,1,1,0,0,1,0\n'],
    ['KIND_NOT_COLLECTED', 'driving incidents', '200000,10,a,b,c\n0,1,0,1,1,1,1,0,0,1,0\n'],
    ['KIND_UNKNOWN', 'line 1 has 200 columns (","): "1,1,', Array(200).fill(1).join()],
    // A few lines of the right shape prove nothing.
    ['KIND_UNKNOWN', 'line 1 has 1 column: "Dear', `Dear all\n${'well\n'.repeat(5)}A1, b, c, d\n`],
    ['KIND_UNKNOWN', 'line 3 has 1 column: "hello"', '\n\nhello\n'],
    ['KIND_UNKNOWN', 'line 1 is longer than 64 KiB', 'z'.repeat(10_000_000)],
    ['KIND_UNKNOWN', 'it has no line with text', '\n\n\n'],
    ['KIND_UNKNOWN', 'line 1 has 1 column: "{"', '{\n  "a": 1\n}\n'],
  ])('%s: %s', async (code, words, text) => {
    await expect(detect(text)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
      hints: [
        expect.stringContaining('status (13 columns, ",")'),
        ...(code === 'KIND_UNKNOWN' ? [expect.any(String)] : []),
      ],
    })
  })

  test.skipIf(sharedData('CarMaster.txt') === undefined).each([
    ['CarMaster.txt', 'master'],
    ['CarItemBuyList_202003.txt', 'purchases'],
    ['SmartCarStatusInfo_20200322.txt.gz', 'status'],
    ['SmartCarDriverInfo.log.gz', 'drive'],
    ['CarMaster2Income.txt', 'KIND_NOT_COLLECTED'],
    ['CarMaster2Income_Test.txt', 'KIND_NOT_COLLECTED'],
    ['CarDrivingIncidentInfo_Test.csv', 'KIND_NOT_COLLECTED'],
  ])('%s of the published data: %s', async (name, expected) => {
    const file = sharedData(name) ?? ''
    await using source = await openSource(file, localFiles)
    const found = await detectKind(source).catch((error: { code: string }) => error.code)
    expect(found).toBe(expected)
  })
})
