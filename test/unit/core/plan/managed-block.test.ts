import { expect, test } from 'vitest'
import { readBlock, removeBlock, writeBlock } from '../../../../src/core/plan/shell/managed-block.js'

const foreign = '# a comment\n127.0.0.1 localhost\n'

test('a block is put at the end, and twice is once', () => {
  const once = writeBlock(foreign, 'x', ['one', 'two'])
  expect(once).toBe(`${foreign}# BEGIN smartcar x\none\ntwo\n# END smartcar x\n`)
  expect(writeBlock(once, 'x', ['one', 'two'])).toBe(once)
  expect(readBlock(once, 'x')).toBe('one\ntwo')
})

test('foreign lines before and behind stay, and so do other blocks', () => {
  const both = writeBlock(`${writeBlock(foreign, 'x', ['old'])}behind\n`, 'y', ['other'])
  const updated = writeBlock(both, 'x', ['new'])
  for (const line of ['# a comment', '127.0.0.1 localhost', 'behind', 'other', 'new'])
    expect(updated.split('\n')).toContain(line)
  expect(updated).not.toContain('old')
})

test('removed it leaves what was there', () => {
  expect(removeBlock(writeBlock(foreign, 'x', ['one']), 'x')).toBe(foreign)
  expect(removeBlock(writeBlock('', 'x', ['one']), 'x')).toBe('')
  expect(removeBlock(foreign, 'x')).toBe(foreign)
})

test('an end mark that was deleted by hand loses no foreign line', () => {
  const damaged = writeBlock(foreign, 'x', ['one']).replace('# END smartcar x\n', 'somebody else\n')
  expect(writeBlock(damaged, 'x', ['one'])).toBe(`${foreign}somebody else\n# BEGIN smartcar x\none\n# END smartcar x\n`)
})

test('a file without a final newline gets one', () => {
  expect(writeBlock('last', 'x', ['one'])).toBe('last\n# BEGIN smartcar x\none\n# END smartcar x\n')
})
