/**
 * What the page can do besides being read: change language and theme (remembered where the browser allows it), sort
 * tables, show a mark's value at the pointer. Without it everything is still there to read.
 */
export const script = `(() => {
'use strict'
const root = document.documentElement
const remember = (key, value) => { try { localStorage.setItem('smartcar.' + key, value) } catch {} }
const recall = (key) => { try { return localStorage.getItem('smartcar.' + key) } catch { return null } }

const speak = (language) => {
  root.lang = language
  root.dataset.language = language
  for (const button of document.querySelectorAll('[data-language]')) {
    if (button !== root) button.setAttribute('aria-pressed', String(button.dataset.language === language))
  }
}
for (const button of document.querySelectorAll('button[data-language]')) {
  button.addEventListener('click', () => { speak(button.dataset.language); remember('language', button.dataset.language) })
}
if (['ko', 'en'].includes(recall('language'))) speak(recall('language'))

const dark = matchMedia('(prefers-color-scheme: dark)')
if (['light', 'dark'].includes(recall('theme'))) root.dataset.theme = recall('theme')
document.querySelector('[data-theme-switch]').addEventListener('click', () => {
  const now = root.dataset.theme || (dark.matches ? 'dark' : 'light')
  root.dataset.theme = now === 'dark' ? 'light' : 'dark'
  remember('theme', root.dataset.theme)
})

const valueOf = (row, column) => {
  const cell = row.cells[column]
  return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v
}
for (const header of document.querySelectorAll('th')) {
  header.querySelector('button').addEventListener('click', () => {
    const body = header.closest('table').tBodies[0]
    const rows = [...body.rows]
    const numeric = rows.every((row) => valueOf(row, header.cellIndex).trim() !== '' && !Number.isNaN(Number(valueOf(row, header.cellIndex))))
    const descending = header.hasAttribute('aria-sort') ? header.getAttribute('aria-sort') === 'ascending' : numeric
    for (const other of header.parentNode.cells) other.removeAttribute('aria-sort')
    header.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
    const sign = descending ? -1 : 1
    rows.sort((a, b) => {
      const [x, y] = [valueOf(a, header.cellIndex), valueOf(b, header.cellIndex)]
      return sign * (numeric ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0)
    })
    body.append(...rows)
  })
}

const tip = document.getElementById('tip')
const hide = () => { tip.hidden = true }
document.addEventListener('pointerover', (event) => {
  const mark = event.target.closest('.marks rect')
  if (!mark) return hide()
  const title = mark.querySelector('title')
  if (title) {
    mark.dataset.tip = title.textContent
    mark.setAttribute('aria-label', title.textContent)
    title.remove()
  }
  if (!mark.dataset.tip) return hide()
  tip.textContent = mark.dataset.tip
  tip.hidden = false
  const box = mark.getBoundingClientRect()
  const left = Math.max(8, Math.min(innerWidth - tip.offsetWidth - 8, box.left + box.width / 2 - tip.offsetWidth / 2))
  const top = box.top - tip.offsetHeight - 8
  tip.style.transform = 'translate(' + left + 'px,' + (top < 8 ? box.bottom + 8 : top) + 'px)'
})
document.addEventListener('scroll', hide, { passive: true })
})()`
