import { duration } from '../../format.js'
import type { Capped, StageRun } from '../data.js'
import { breakable, type Html, html } from '../html.js'
import { card, count, dataTable, empty, more, section } from '../parts.js'
import { say } from '../text.js'

/** Stages of the pilot by their id. */
const names: Readonly<Record<string, Html>> = {
  simulate: say('시뮬레이션', 'Simulate'),
  collect: say('수집', 'Collect'),
  detect: say('과속 감지', 'Detect speeding'),
  build: say('마트 생성', 'Build the marts'),
  ask: say('질의', 'Ask'),
  export: say('내보내기', 'Export'),
}

/** The rate of a handful of rows says nothing. */
const fewestForRate = 1000

export function stageSection(stages: Capped<StageRun>): Html {
  const title = say('처리 단계와 시간', 'Stages and timings')
  if (stages.total === 0) {
    return section(
      'stages',
      title,
      undefined,
      empty(
        say(
          '기록된 실행이 없습니다. smartcar pilot 이 기록을 남깁니다.',
          'No run is on record; smartcar pilot keeps one.',
        ),
        false,
      ),
    )
  }
  const outer = stages.rows.filter((stage) => !stage.inside)
  const total = (outer.length === 0 ? stages.rows : outer).reduce((sum, stage) => sum + stage.ms, 0)
  const longest = Math.max(1, ...stages.rows.map((stage) => stage.ms))
  const table = dataTable(
    say('단계별 행과 시간', 'rows and time of each stage'),
    [
      { title: say('단계', 'Stage') },
      { title: say('행', 'Rows'), align: 'right' },
      { title: say('초당 행', 'Rows/s'), align: 'right', wide: true },
      { title: say('시간', 'Time'), align: 'right' },
      { title: html`<span class="hidden">${say('시간 막대', 'time as a bar')}</span>`, wide: true },
    ],
    stages.rows.map((stage, index) => [
      {
        show: stage.inside
          ? html`<code class="inside">${breakable(stage.title)}</code>`
          : html`<b>${names[stage.id] ?? stage.title}</b>`,
        sort: index,
      },
      stage.rows === undefined ? { show: '', sort: -1 } : count(stage.rows),
      stage.rows === undefined || stage.rows < fewestForRate || stage.ms <= 0
        ? { show: '', sort: -1 }
        : count(Math.round((stage.rows * 1000) / stage.ms)),
      { show: duration(stage.ms), sort: stage.ms },
      {
        show: html`<span class="track"><i style="width:${((stage.ms / longest) * 100).toFixed(1)}%"></i></span>`,
        sort: stage.ms,
      },
    ]),
  )
  const lead = say(
    `모두 ${duration(total)} 걸렸습니다. 각 단계가 마지막으로 실제로 일한 실행의 시간입니다.`,
    `${duration(total)} in all; each stage as of the last run in which it had work to do.`,
  )
  return section('stages', title, lead, card(undefined, [table, more(stages.rows.length, stages.total)]))
}
