import { fileStep } from '../../../core/plan/shell/file-step.js'
import { leftBehind, shellStep } from '../../../core/plan/shell/shell-step.js'
import type { Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'

const files = { el6: '/etc/sysconfig/i18n', el7: '/etc/locale.conf', debian: '/etc/default/locale' }

/** `en_US.UTF-8` as `locale -a` writes it. */
const listed = (locale: string) => locale.replace(/UTF-8$/, 'utf8')

export function localeAvailable(input: HostStepsInput): Step | undefined {
  const locale = input.provision.locale
  if (locale === 'keep') return undefined
  const [language = locale] = locale.split('.')
  const make =
    input.family === 'debian'
      ? `if [ -e /etc/locale.gen ] && command -v locale-gen >/dev/null; then
  grep -q '^${locale} UTF-8' /etc/locale.gen || echo '${locale} UTF-8' >>/etc/locale.gen
  locale-gen >/dev/null
else localedef -i ${language} -f UTF-8 ${locale}; fi`
      : `localedef -c -i ${language} -f UTF-8 ${locale}`
  return shellStep({
    ...head(
      input,
      'locale-available',
      {
        title: `locale ${locale} is there`,
        reason: 'a locale that is not there is C, without Korean',
        group: 'system',
      },
      input.family === 'debian' ? ['packages'] : [],
    ),
    check: {
      shell: `locale -a | tr 'A-Z' 'a-z' | grep -qx '${listed(locale).toLowerCase()}'`,
      interpret: ({ code }) =>
        code === 0 ? { state: 'ok' } : { state: 'change', changes: [{ kind: 'create', summary: `make ${locale}` }] },
    },
    command: `localedef -i ${language} -f UTF-8 ${locale}`,
    apply: () => `echo ${locale} | keep locale-available\n${make}`,
    undo: leftBehind('locale-available', (kept) => `the locale ${kept}: other programs may use it by now`),
  })
}

/** `text` with LANG set; other lines stay. */
function withLang(text: string, locale: string): string {
  const lines = text.split('\n').filter((line) => line !== '')
  const at = lines.findIndex((line) => /^LANG=/.test(line))
  const line = `LANG=${locale}`
  return `${(at === -1 ? [...lines, line] : lines.with(at, line)).join('\n')}\n`
}

export function locale(input: HostStepsInput): Step | undefined {
  const wanted = input.provision.locale
  if (wanted === 'keep') return undefined
  return fileStep({
    ...head(
      input,
      'locale',
      { title: 'language of the system', reason: 'daemons write Korean names as UTF-8', group: 'system' },
      ['locale-available'],
    ),
    path: files[input.family],
    edit: (text) =>
      text.split('\n').some((line) => line.replaceAll('"', '') === `LANG=${wanted}`) ? text : withLang(text, wanted),
    revert: 'original',
  })
}
