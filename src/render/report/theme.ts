/** Colours by theme: the two scales were mixed in OKLCH so that their steps look equally far apart. */
interface Palette {
  readonly page: string
  readonly card: string
  readonly ink: string
  readonly muted: string
  readonly line: string
  readonly none: string
  readonly accent: string
  readonly bad: string
  readonly badSoft: string
  readonly warn: string
  readonly warnSoft: string
  readonly good: string
  readonly goodSoft: string
  readonly shadow: string
  /** Over the end of a list that goes on. */
  readonly dim: string
  readonly speed: readonly string[]
  readonly alert: readonly string[]
}

const light: Palette = {
  page: '#f6f5f2',
  card: '#ffffff',
  ink: '#1a1d23',
  muted: '#5d6470',
  line: '#e5e3dd',
  none: '#f1f0ec',
  accent: '#285f9d',
  bad: '#a8281c',
  badSoft: '#fbe9e5',
  warn: '#85500a',
  warnSoft: '#fbf0d9',
  good: '#1b6b45',
  goodSoft: '#e3f3ea',
  dim: 'rgb(30 25 10 / .12)',
  shadow: '0 1px 2px rgb(30 25 10 / .05), 0 6px 24px rgb(30 25 10 / .04)',
  speed: ['#def5fb', '#b0dfef', '#82c8e6', '#53b0de', '#3987be', '#285f9d', '#1d377b'],
  alert: ['#f9efda', '#f5d5a7', '#f5b875', '#f59740', '#d56d2f', '#b24525', '#8d1a1e'],
}

const dark: Palette = {
  page: '#101317',
  card: '#181c22',
  ink: '#e8ebf0',
  muted: '#9ba5b3',
  line: '#2a303a',
  none: '#1f242c',
  accent: '#7cc4e8',
  bad: '#ff9280',
  badSoft: '#3a1f1c',
  warn: '#f0bd6a',
  warnSoft: '#35290f',
  good: '#74d3a1',
  goodSoft: '#15301f',
  dim: 'rgb(0 0 0 / .45)',
  shadow: 'none',
  speed: ['#212e45', '#284468', '#275e8c', '#1479b0', '#3fa1c8', '#6cc7df', '#9deef7'],
  alert: ['#3d241e', '#663325', '#91422b', '#be512d', '#d87e3d', '#eeac5c', '#ffd986'],
}

function variables(palette: Palette): string {
  const steps = (name: 'speed' | 'alert') => palette[name].map((colour, step) => `--${name}${step}:${colour}`).join(';')
  return `--page:${palette.page};--card:${palette.card};--ink:${palette.ink};--muted:${palette.muted};--line:${palette.line};--none:${palette.none};--accent:${palette.accent};--bad:${palette.bad};--bad-soft:${palette.badSoft};--warn:${palette.warn};--warn-soft:${palette.warnSoft};--good:${palette.good};--good-soft:${palette.goodSoft};--shadow:${palette.shadow};--dim:${palette.dim};${steps('speed')};${steps('alert')}`
}

const stepRules = (['speed', 'alert'] as const)
  .flatMap((scale) =>
    light[scale].map((_, step) => `.${scale} .s${step}{fill:var(--${scale}${step});background:var(--${scale}${step})}`),
  )
  .join('\n')

const rules = `
*,*::before,*::after{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:4.5rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:400 1rem/1.6 "Pretendard","Inter","Apple SD Gothic Neo","Noto Sans KR","Noto Sans CJK KR","Malgun Gothic",system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums;word-break:keep-all;overflow-wrap:anywhere;-webkit-font-smoothing:antialiased}
html[data-language=ko] span[lang=en],html[data-language=en] span[lang=ko]{display:none}
a{color:inherit}
small{font-size:.82em;color:var(--muted);font-weight:400}
code{font:400 .84em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","D2Coding","Noto Sans Mono CJK KR",monospace}
.hidden,caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:6px}
.top{position:sticky;top:0;z-index:5;background:color-mix(in srgb,var(--page) 88%,transparent);backdrop-filter:blur(10px);border-bottom:1px solid var(--line)}
.inner{max-width:72rem;margin:auto;padding:.55rem 1.5rem;display:flex;align-items:center;gap:1.25rem}
.brand{font-weight:700;letter-spacing:-.02em;text-decoration:none}
.contents{display:flex;gap:1.1rem;overflow-x:auto;scrollbar-width:none;flex:1;min-width:0;font-size:.875rem}
.contents a{color:var(--muted);text-decoration:none;white-space:nowrap;padding:.3rem 0}
.contents a:hover{color:var(--ink)}
.switches{display:flex;gap:.5rem;align-items:center}
.switch{display:flex;border:1px solid var(--line);border-radius:99px;padding:2px;background:var(--card)}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
.switch button{font-size:.78rem;padding:.15rem .65rem;border-radius:99px;color:var(--muted);white-space:nowrap}
.switch button[aria-pressed=true]{background:var(--ink);color:var(--page)}
.theme{display:grid;place-items:center;width:2rem;height:2rem;border-radius:99px;color:var(--muted)}
.theme:hover{color:var(--ink)}
main{max-width:72rem;margin:auto;padding:0 1.5rem 3rem}
.hero{padding:3.5rem 0 2rem;max-width:46rem}
.eyebrow{margin:0 0 .4rem;color:var(--muted);font-size:.875rem}
h1{margin:0;font-size:clamp(2rem,1.2rem + 3.4vw,3.25rem);line-height:1.12;letter-spacing:-.03em;font-weight:700;text-wrap:balance}
.sentence{margin:1rem 0 0;font-size:clamp(1.05rem,1rem + .4vw,1.25rem);line-height:1.55;color:var(--muted);text-wrap:pretty}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.25rem,1fr));gap:.75rem}
.tile{display:flex;flex-direction:column;gap:.15rem;padding:1rem 1.1rem;background:var(--card);border:1px solid var(--line);border-radius:14px;text-decoration:none;box-shadow:var(--shadow);transition:border-color .15s}
.tile:hover{border-color:var(--muted)}
.tile .name{font-size:.82rem;color:var(--muted)}
.tile strong{font-size:1.85rem;line-height:1.2;letter-spacing:-.03em;font-weight:650}
.tile strong small{margin-left:.25rem;font-size:.9rem;letter-spacing:0}
.tile strong.long{font-size:1.4rem;line-height:1.58}
.tile strong{white-space:nowrap}
.tile .note{font-size:.78rem;color:var(--muted);line-height:1.4}
.tile.bad strong{color:var(--bad)}
.tile.good strong{color:var(--good)}
section{padding-top:3.75rem}
section>header{margin-bottom:1.25rem;max-width:46rem}
h2{margin:0;font-size:1.5rem;line-height:1.25;letter-spacing:-.02em;font-weight:680}
.lead{margin:.5rem 0 0;color:var(--muted);font-size:.95rem;text-wrap:pretty}
h3{margin:0 0 .9rem;font-size:.875rem;font-weight:600;letter-spacing:-.005em}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem}
.grid.three{grid-template-columns:repeat(3,minmax(0,1fr))}
.stack{display:grid;gap:1rem;align-content:start;min-width:0}
.card{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:1.25rem 1.4rem;min-width:0;box-shadow:var(--shadow)}
.card.span{grid-column:1/-1}
.card.empty{color:var(--muted);text-align:center;padding:2.25rem 1.5rem;border-style:dashed;box-shadow:none;background:none}
.card.empty.good{color:var(--good);border-style:solid;border-color:transparent;background:var(--good-soft)}
.card.empty p{margin:0}
.facts{margin:-.55rem 0 1rem;font-size:.82rem;color:var(--muted)}
.more{margin:.9rem 0 0;font-size:.84rem;color:var(--muted)}
.counts{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;margin:0 0 1rem;padding:0;font-size:.875rem;color:var(--muted)}
.counts b{color:var(--ink);margin-left:.2rem}
.scroll{overflow-x:auto;margin:0 -1.4rem;padding:0 1.4rem;position:relative}
.scroll.tall{max-height:29.3rem;overflow:auto;border-bottom:1px solid var(--line);background:linear-gradient(transparent,var(--card) 75%) 0 100%/100% 3.5rem no-repeat local,linear-gradient(transparent,var(--dim)) 0 100%/100% 1.4rem no-repeat scroll,var(--card)}
.scroll.tall thead th{position:sticky;top:0;background:var(--card);border-bottom:0;box-shadow:0 1px var(--line);z-index:1}
.grid.loose{align-items:start}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th{text-align:left;font-weight:500;color:var(--muted);border-bottom:1px solid var(--line);padding:0 .75rem .5rem 0;white-space:nowrap;vertical-align:bottom}
th button{font-size:.8rem;white-space:nowrap}
th button::after{position:absolute;margin-left:.2em}
th[aria-sort=ascending] button::after{content:"\\2191"}
th[aria-sort=descending] button::after{content:"\\2193"}
th button:hover{color:var(--ink)}
td{overflow-wrap:normal;padding:.55rem .75rem .55rem 0;border-bottom:1px solid var(--line);vertical-align:middle}
tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.r{text-align:right}
td.r{white-space:nowrap}
.car{white-space:nowrap;font-weight:600;letter-spacing:.01em}
.bad{color:var(--bad)}
.none{color:var(--muted)}
.file{font-size:.95em}
td code{display:block;color:var(--muted);margin-top:.2rem}
td code:first-child{margin-top:0;color:inherit}
td code.inside{padding-left:1.1rem;color:var(--muted)}
.chips{display:flex;flex-wrap:wrap;gap:.35rem}
.chip{display:inline-block;padding:.08rem .6rem;border-radius:99px;font-size:.8rem;line-height:1.6;background:var(--none);white-space:nowrap}
.chip b{font-weight:600}
.chip small{color:inherit;opacity:.85}
.chip.bad{background:var(--bad-soft);color:var(--bad)}
.chip.warn{background:var(--warn-soft);color:var(--warn)}
.chip.good{background:var(--good-soft);color:var(--good)}
.marks{display:block;width:100%;overflow:hidden}
.heat{display:grid;grid-template-columns:auto minmax(0,1fr);column-gap:.6rem;--row:1.15rem}
.heat.totals{grid-template-columns:auto minmax(0,1fr) auto}
.grid.three .heat{--row:1rem}
.heat .marks{height:calc(var(--rows)*var(--row));background:var(--none);border-radius:5px}
.heat rect{stroke:var(--card);stroke-width:1.5px;vector-effect:non-scaling-stroke}
.labels{white-space:nowrap;display:grid;grid-auto-rows:var(--row);font-size:.72rem;line-height:var(--row);color:var(--muted)}
.labels.end{text-align:right}
.labels b{color:var(--ink);font-weight:600}
.axis{display:flex;justify-content:space-between;font-size:.7rem;color:var(--muted);padding-top:.35rem}
.axis span{width:0;white-space:nowrap;display:flex;justify-content:center}
.axis span:first-child{justify-content:flex-start}
.axis span:last-child{justify-content:flex-end}
.heat>.labels{grid-area:2/1}
.heat>.marks{grid-area:2/2}
.heat>.end{grid-area:2/3}
.heat>.axis{grid-area:3/2}
.peak{grid-area:1/1;font-size:.72rem;color:var(--muted);line-height:1;text-align:right}
.above{grid-area:1/2;padding-bottom:.6rem}
.above .marks{height:6.5rem;background:none;border-radius:0;border-bottom:1px solid var(--line)}
rect.bar{fill:var(--accent)}
rect.out{fill:var(--bad)}
#speeding rect.bar{fill:var(--alert4)}
rect.band{fill:var(--none)}
.marks rect:not(.band):hover{stroke:var(--ink);stroke-width:2px;vector-effect:non-scaling-stroke}
.legend{display:flex;align-items:center;gap:.6rem;margin:0 0 1rem;font-size:.78rem;color:var(--muted)}
.heat+.legend{margin:1rem 0 0}
.steps{display:flex;border-radius:4px;overflow:hidden}
.steps i{width:1.6rem;height:.7rem}
.histogram .marks{height:8.5rem;border-bottom:1px solid var(--line)}
.ticks{position:relative;height:1.3rem;font-size:.7rem;color:var(--muted);padding-top:.35rem}
.ticks span{position:absolute;white-space:nowrap;transform:translateX(-50%)}
.ticks span:first-child{transform:none}
.ticks span:last-child{transform:translateX(-100%)}
.z{display:flex;align-items:center;gap:.6rem}
.z svg{width:6.5rem;height:1rem;flex:none;border-radius:3px}
.z .mark{fill:var(--accent)}
.z .zero{fill:var(--muted)}
.z .base{fill:var(--line)}
.z.out .mark{fill:var(--bad)}
.z b{font-weight:400;font-size:.82rem;min-width:3rem}
.z.out b{font-weight:650;color:var(--bad)}
.bars{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:auto minmax(0,1fr) auto;gap:.42rem .8rem;font-size:.84rem;align-items:center}
.bars li{display:contents}
.bars b{font-weight:600;text-align:right;white-space:nowrap}
.what,.note i{white-space:nowrap}
.note i{font-style:normal}
.track{display:block;height:.55rem;border-radius:99px;background:var(--none);overflow:hidden;min-width:2rem}
.track i{display:block;height:100%;border-radius:99px;background:var(--accent)}
td .track{width:12rem}
.checks{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:.5rem 2rem;font-size:.875rem}
.checks li{display:flex;align-items:center;gap:.6rem;min-width:0}
.checks code{flex:1;min-width:0}
.checks b{font-weight:500;color:var(--muted)}
.checks+.scroll{margin-top:1.25rem}
.checks code{overflow-wrap:normal}
.refused{list-style:none;margin:1.25rem 0 0;padding:1.25rem 0 0;border-top:1px solid var(--line);display:grid;gap:1rem;font-size:.875rem}
.refused p{margin:0 0 .4rem}
.refused code{display:block;margin-top:.45rem;color:var(--muted)}
footer{max-width:72rem;margin:0 auto;padding:1.5rem 1.5rem 3rem;color:var(--muted);font-size:.8rem}
#tip{position:fixed;z-index:9;left:0;top:0;padding:.25rem .6rem;border-radius:7px;background:var(--ink);color:var(--page);font-size:.78rem;pointer-events:none;white-space:nowrap;max-width:calc(100vw - 1rem)}
#tip[hidden]{display:none}
@media (max-width:60rem){.grid.three{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:42rem){
html{scroll-padding-top:6.5rem}
.inner{padding:.5rem 1rem;flex-wrap:wrap;gap:.3rem 1rem;justify-content:space-between}
.contents{order:3;flex:0 0 100%}
main{padding:0 1rem 2rem}
footer{padding:1rem 1rem 2rem}
.hero{padding:2rem 0 1.5rem}
section{padding-top:2.75rem}
.grid,.grid.three{grid-template-columns:minmax(0,1fr)}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:.6rem}
.tile{padding:.8rem .9rem}
.tile strong{font-size:1.55rem}
.tile strong.long{font-size:1.3rem}
.card{padding:1.1rem 1rem;border-radius:14px}
.scroll{margin:0 -1rem;padding:0 1rem}
.wide{display:none}
.chip{white-space:normal;border-radius:9px}
.z{gap:.4rem}
.z svg{width:3.4rem}
.z b{min-width:0}
.above .marks{height:5rem}
.steps i{width:1.1rem}
.histogram .marks{height:7rem}
}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}*{transition:none!important}}
@media print{
@page{margin:14mm}
body{background:none;font-size:10pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.top,footer,#tip{display:none}
main{max-width:none;padding:0}
.hero{padding:0 0 1rem}
section{padding-top:1.5rem}
.card,.tile{box-shadow:none;break-inside:avoid}
.card.span{break-inside:auto}
tr{break-inside:avoid}
h2,h3{break-after:avoid}
.scroll,.scroll.tall{overflow:visible;max-height:none}
}
`

/**
 * The page's whole style. Light or dark by the reader's system, or by their choice (`data-theme`); paper is light.
 */
export const styleSheet = `:root{color-scheme:light;${variables(light)}}
@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${variables(dark)}}}
@media screen{:root[data-theme=dark]{color-scheme:dark;${variables(dark)}}}
${rules}${stepRules}
`
