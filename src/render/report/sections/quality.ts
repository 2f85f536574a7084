import { number } from '../../format.js'
import type { DataTests, Intake, IntakeFile } from '../data.js'
import { breakable, type Html, html } from '../html.js'
import { card, chip, count, dataTable, empty, more, section } from '../parts.js'
import { isoDay, say } from '../text.js'

const kindNames: Readonly<Record<string, Html>> = {
  status: say('상태', 'status'),
  drive: say('운행', 'drive'),
  master: say('마스터', 'master'),
  purchases: say('구매', 'purchases'),
}

/** What was refused, why, and where it lies now. */
function refused(intake: Intake): Html | undefined {
  const files = intake.rows.filter((file) => file.rejected > 0)
  if (files.length === 0) return undefined
  const item = (file: IntakeFile) => {
    const reasons = file.reasons.map((reason) => chip('warn', html`${reason.label} <b>${number(reason.count)}</b>`))
    const where = file.rejects !== undefined && html`<code>${breakable(file.rejects)}</code>`
    return html`<li><p><b>${breakable(file.source)}</b></p><div class="chips">${reasons}</div>${where}</li>`
  }
  return html`<ul class="refused">${files.map(item)}</ul>`
}

export function intakeSection(intake: Intake): Html {
  const title = say('수집과 거부', 'Collected and rejected')
  if (intake.total === 0) {
    return section(
      'intake',
      title,
      undefined,
      empty(say('아직 수집한 파일이 없습니다.', 'No file was collected yet.'), false),
    )
  }
  const lead =
    intake.rejected === 0
      ? say(
          `읽은 ${number(intake.read)}행 가운데 거부된 행이 없습니다.`,
          `None of ${number(intake.read)} rows was rejected.`,
        )
      : say(
          `읽은 ${number(intake.read)}행 가운데 ${number(intake.rejected)}행이 거부되었습니다. 거부된 행은 줄 번호와 이유와 함께 따로 남아 있습니다.`,
          `${number(intake.rejected)} of ${number(intake.read)} rows were rejected; they are kept aside with their line numbers and reasons.`,
        )
  const table = dataTable(
    say('수집한 파일', 'collected files'),
    [
      { title: say('파일', 'File') },
      { title: say('종류', 'Kind'), wide: true },
      { title: say('보관', 'Kept'), align: 'right' },
      { title: say('헤더', 'Headers'), align: 'right', wide: true },
      { title: say('중복', 'Duplicates'), align: 'right', wide: true },
      { title: say('거부', 'Rejected'), align: 'right' },
    ],
    intake.rows.map((file) => [
      { show: html`<span class="file">${breakable(file.source)}</span>`, sort: file.source },
      { show: kindNames[file.kind] ?? file.kind, sort: file.kind },
      count(file.kept),
      count(file.headers),
      count(file.duplicates),
      {
        show: file.rejected === 0 ? number(0) : html`<b class="bad">${number(file.rejected)}</b>`,
        sort: file.rejected,
      },
    ]),
  )
  return section(
    'intake',
    title,
    lead,
    card(undefined, [table, more(intake.rows.length, intake.total), refused(intake)]),
  )
}

export function testSection(tests: DataTests): Html {
  const title = say('데이터 검사', 'Data tests')
  if (tests.run === 0) {
    return section(
      'tests',
      title,
      undefined,
      empty(say('실행된 데이터 검사가 없습니다.', 'No data test has run.'), false),
    )
  }
  const failed = tests.failed.total
  const lead =
    failed === 0
      ? say(`${number(tests.run)}개의 검사가 모두 통과했습니다.`, `All ${number(tests.run)} tests passed.`)
      : say(
          `${number(tests.run)}개의 검사 가운데 ${number(failed)}개가 실패했습니다.`,
          `${number(failed)} of ${number(tests.run)} tests failed.`,
        )
  const summary = html`<ul class="checks">${tests.byTable.map(
    (table) =>
      html`<li>${chip(table.failed === 0 ? 'good' : 'bad', table.failed === 0 ? '\u2713' : '\u2717')}<code>${breakable(table.table)}</code><b>${number(table.run - table.failed)}/${number(table.run)}</b></li>`,
  )}</ul>`
  const list =
    failed === 0
      ? undefined
      : [
          dataTable(
            say('실패한 검사', 'failed tests'),
            [
              { title: say('표', 'Table') },
              { title: say('파티션', 'Partition'), wide: true },
              { title: say('검사', 'Test') },
              { title: say('어긋난 행', 'Rows'), align: 'right' },
            ],
            tests.failed.rows.map((test) => [
              { show: html`<code>${breakable(test.table)}</code>`, sort: test.table },
              { show: test.partition === '' ? '' : isoDay(test.partition), sort: test.partition },
              { show: test.test },
              count(test.failures),
            ]),
          ),
          more(tests.failed.rows.length, failed),
        ]
  return section('tests', title, lead, card(undefined, [summary, list]))
}
