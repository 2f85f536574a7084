import { expect, test } from 'vitest'
import { withoutEnd } from '../../../../src/jobs/query/one-statement.js'

test.each([
  ['SELECT 1', 'SELECT 1'],
  ['SELECT 1; -- x', 'SELECT 1'],
  ['SELECT \';\', ";" ; ', 'SELECT \';\', ";" '],
  [
    "SELECT 'it''s;' -- a; b\n, $$;$$, $t$ ; $$ ; $t$ /* ; */;;",
    "SELECT 'it''s;' -- a; b\n, $$;$$, $t$ ; $$ ; $t$ /* ; */",
  ],
  ['SELECT $a - $b / 2;', 'SELECT $a - $b / 2'],
  ['', ''],
])('%s', (text, expected) => {
  expect(withoutEnd(text)).toBe(expected)
})
