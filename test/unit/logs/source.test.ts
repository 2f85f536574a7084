import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { localFiles } from '../../../src/io/files.js'
import { type Content, lineBlocks, openSource } from '../../../src/logs/source.js'
import { testContext } from '../../support/context.js'
import { seededDraws } from '../jobs/collect/rows.js'

/** Content that arrives in pieces of random size. */
function pieces(bytes: Uint8Array, draw: (limit: number) => number, largest: number): Content {
  let position = 0
  return {
    get consumed() {
      return position
    },
    async read(target) {
      const count = Math.min(1 + draw(largest), target.byteLength, bytes.byteLength - position)
      target.set(bytes.subarray(position, position + count))
      position += count
      return count
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** What the blocks say: every line with its newline, long lines marked, and the content's bytes. */
async function readBlocks(content: Content): Promise<{ lines: string[]; bytes: number }> {
  const lines: string[] = []
  let bytes = 0
  let long = ''
  for await (const block of lineBlocks(content)) {
    bytes += block.contentEnd
    const text = block.bytes.toString('latin1', 0, block.end)
    if (!block.long) lines.push(...text.slice(0, -1).split('\n'))
    else {
      long = block.first ? text : long + text
      if (block.last) lines.push(long)
    }
  }
  return { lines, bytes }
}

describe('lineBlocks', () => {
  test('gives every line once, however the bytes arrive', async () => {
    const draw = seededDraws(7)
    for (let round = 0; round < 30; round++) {
      const lines = Array.from({ length: 1 + draw(40) }, () =>
        'x'.repeat(draw(10) === 0 ? 60_000 + draw(300_000) : draw(80)),
      )
      const closed = draw(2) === 0
      const text = lines.join('\n') + (closed ? '\n' : '')
      // A text that ends with a newline has no further, empty line.
      const expected = closed || lines.at(-1) !== '' ? lines : lines.slice(0, -1)
      const read = await readBlocks(pieces(Buffer.from(text), draw, draw(2) === 0 ? 500 : 500_000))
      expect(read.bytes).toBe(text.length)
      expect(read.lines.map((line) => line.length)).toEqual(expected.map((line) => line.length))
    }
  })

  test('a line of 10 MB comes in parts', async () => {
    const text = `a\n${'y'.repeat(10_000_000)}\nb`
    let largest = 0
    let parts = 0
    for await (const block of lineBlocks(pieces(Buffer.from(text), () => 65_535, 1))) {
      largest = Math.max(largest, block.bytes.byteLength)
      if (block.long) parts++
    }
    expect(parts).toBeGreaterThan(2)
    expect(largest).toBeLessThan(2_000_000)
    expect(
      (await readBlocks(pieces(Buffer.from(text), seededDraws(1), 500_000))).lines.map((line) => line.length),
    ).toEqual([1, 10_000_000, 1])
  })

  test('an empty content has no block', async () => {
    expect(await readBlocks(pieces(new Uint8Array(0), () => 0, 1))).toEqual({ lines: [], bytes: 0 })
  })
})

describe('openSource', () => {
  async function readAll(content: Content): Promise<string> {
    await using open = content
    return (await readBlocks(open)).lines.join('\n')
  }

  test('reads gzip with several members, twice, and knows plain text by its bytes, not its name', async () => {
    await using context = await testContext()
    const packed = path.join(context.layout.root, 'packed.txt')
    const plain = path.join(context.layout.root, 'plain.gz')
    await writeFile(packed, Buffer.concat([gzipSync('first\n'), gzipSync('second\n')]))
    await writeFile(plain, 'first\nsecond\n')
    for (const file of [packed, plain]) {
      await using source = await openSource(file, localFiles)
      expect(source.compressed).toBe(file === packed)
      expect(await readAll(source.content())).toBe('first\nsecond')
      expect(await readAll(source.content())).toBe('first\nsecond')
    }
  })

  test.each([
    ['FILE_EMPTY', Buffer.alloc(0)],
    ['FILE_EMPTY', Buffer.from('\ufeff')],
    ['FILE_EMPTY', gzipSync('')],
    ['ENCODING_UTF16', Buffer.from('\ufeff20200322', 'utf16le')],
    ['ENCODING_UTF16', Buffer.from('20200322000000,A0001,1,2\n', 'utf16le')],
    ['ENCODING_UTF16', Buffer.from('20200322000000,A0001,1,2\n', 'utf16le').swap16()],
    ['ENCODING_UTF16', gzipSync(Buffer.from('\ufeff20200322', 'utf16le'))],
    ['GZIP_DAMAGED', gzipSync('a'.repeat(1000)).subarray(0, 20)],
    ['GZIP_DAMAGED', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff])],
    ['COMPRESSION_UNKNOWN', Buffer.from([0x50, 0x4b, 3, 4, 20, 0])],
    ['COMPRESSION_UNKNOWN', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])],
  ] as const)('%s: names the file and a cure', async (code, bytes) => {
    await using context = await testContext()
    const file = path.join(context.layout.root, 'input.txt')
    await writeFile(file, bytes)
    await expect(openSource(file, localFiles)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(file),
      hints: [expect.any(String)],
      exitCode: 1,
    })
  })

  test('notices that a file grew while it was read', async () => {
    await using context = await testContext()
    const file = path.join(context.layout.root, 'input.txt')
    await writeFile(file, 'one\n')
    await using source = await openSource(file, localFiles)
    await source.assertUnchanged()
    await writeFile(file, 'two\n', { flag: 'a' })
    await expect(source.assertUnchanged()).rejects.toMatchObject({ code: 'FILE_CHANGED' })
  })
})
