import { describe, expect, it } from 'vitest'
import { readComplaint } from '../../../../src/engines/hive/sql-error.js'

/** What Hive 4.0.1 and Spark 4.0.1 said on 2026-11-28. */
const compiling = 'Error while compiling statement: FAILED: '
const running = 'org.apache.hive.service.cli.HiveSQLException: Error running query: '

describe('what an engine says of a statement', () => {
  it.each([
    [
      `${compiling}ParseException line 2:9 missing EOF at 'smartcar_master' near 'FORM'`,
      { message: "missing EOF at 'smartcar_master' near 'FORM'", line: 2, column: 9 },
    ],
    [
      `${compiling}SemanticException [Error 10001]: Line 1:14 Table not found 'smartcar_mastr'`,
      { message: "Table not found 'smartcar_mastr'", line: 1, column: 14, missingTable: 'smartcar_mastr' },
    ],
    [`${compiling}SemanticException [Error 10011]: Invalid function nofunc`, { message: 'Invalid function nofunc' }],
    [
      `${compiling}UDFArgumentTypeException Exactly one argument is expected.`,
      { message: 'Exactly one argument is expected.' },
    ],
    [
      `${running}[PARSE_SYNTAX_ERROR] org.apache.spark.sql.catalyst.parser.ParseException: \n[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'. SQLSTATE: 42601 (line 2, pos 9)\n\n== SQL ==\nSELECT\n---------^^^`,
      { message: "[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'.", line: 2, column: 9 },
    ],
    [
      `${running}[TABLE_OR_VIEW_NOT_FOUND] org.apache.spark.sql.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view \`smartcar_mastr\` cannot be found. Verify the spelling. SQLSTATE: 42P01; line 1 pos 14;\n'Project [*]`,
      { line: 1, column: 14, missingTable: 'smartcar_mastr' },
    ],
  ])('%s', (text, expected) => expect(readComplaint(text, undefined)).toMatchObject({ ...expected, isMistake: true }))

  it('that failed while it ran is no mistake in its text', () => {
    const raised = `${running}[USER_RAISED_EXCEPTION] org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] A0001 SQLSTATE: P0001`
    expect(readComplaint(raised, 'P0001')).toEqual({ message: '[USER_RAISED_EXCEPTION] A0001', isMistake: false })
    const counters =
      'Error while compiling statement: FAILED: Execution Error, return code 2 from org.apache.hadoop.hive.ql.exec.tez.TezTask. Counters limit exceeded'
    expect(readComplaint(counters, '08S01')).toEqual({ message: 'Counters limit exceeded', isMistake: false })
    expect(readComplaint('no words of that kind', undefined)).toEqual({
      message: 'no words of that kind',
      isMistake: false,
    })
  })
})
