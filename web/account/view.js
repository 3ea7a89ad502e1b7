/** What the pages show: one step at a time, refusals, and forms that are sent once at a time. */

import { Problem } from './api.js'

const PASSWORD_MIN = 8

export const one = (selector, within = document) => within.querySelector(selector)
export const all = (selector, within = document) => [...within.querySelectorAll(selector)]

/** Shows one step of the page. Not at its start, the step's heading is read out and focused. */
export function show(step, { quietly = false } = {}) {
  for (const section of all('[data-step]')) section.hidden = section.dataset.step !== step
  say('')
  if (!quietly) one(`[data-step="${step}"] h1`).focus()
}

/** Puts texts where the page names them; never as HTML. */
export function fill(texts) {
  for (const [name, text] of Object.entries(texts)) {
    for (const place of all(`[data-text="${name}"]`)) place.textContent = text
  }
}

/** Says something in passing, to screen readers too. */
export function say(text) {
  one('#status').textContent = text
}

function clearProblem() {
  one('#problem').replaceChildren()
  for (const input of all('[aria-invalid]')) input.removeAttribute('aria-invalid')
}

/** Shows a refusal, marks the fields it is about, and leads there. */
function showProblem(problem, form) {
  say('')
  const known = problem instanceof Problem
  one('#problem').replaceChildren(
    element('strong', { textContent: known ? problem.message : 'Something went wrong in this page.' }),
    known ? [...problem.reasons, problem.next ?? ''].join(' ') : 'Reload the page and try again.',
  )
  const fields = known ? problem.fields : []
  const inputs = fields.flatMap((name) => all(`[name="${name}"]:not([readonly])`, form))
  for (const input of inputs) input.setAttribute('aria-invalid', 'true')
  const target = inputs.find((input) => input.checkVisibility()) ?? one('#problem')
  target.focus()
  one('#problem').scrollIntoView({ block: 'nearest' })
}

/** A new element; children that are texts stay texts. */
export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** Runs the work behind a button once at a time; the button keeps the focus meanwhile. */
export async function busily(button, form, work) {
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  clearProblem()
  say('One moment…')
  try {
    await work()
  } catch (problem) {
    showProblem(problem, form)
  } finally {
    button.removeAttribute('aria-disabled')
    if (one('#status').textContent === 'One moment…') say('')
  }
}

/** Sends a form by `work`, which gets its values; what was typed is forgotten once it succeeded. */
export function onSubmit(name, work) {
  const form = one(`form[data-form="${name}"]`)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const values = Object.fromEntries(new FormData(form))
    busily(one('.button', form), form, async () => {
      await work(values)
      form.reset()
      conceal(form)
    })
  })
}

/** Runs `work` when a button is pressed. */
export function onPress(button, work) {
  button.addEventListener('click', () => busily(button, document, work))
}

/** Passwords are dots again. */
function conceal(form) {
  for (const box of all('[data-reveal]', form)) box.dispatchEvent(new Event('change'))
}

for (const box of all('[data-reveal]')) {
  const inputs = all('input[type="password"]', box.form)
  box.addEventListener('change', () => {
    for (const input of inputs) input.type = box.checked ? 'text' : 'password'
  })
}
for (const hint of all('[data-length]')) {
  const input = one(`[name="${hint.dataset.length}"]`, hint.closest('form'))
  const first = hint.textContent
  input.addEventListener('input', () => {
    // Counted as the server counts: code points of the NFKC form.
    const length = [...input.value.normalize('NFKC')].length
    hint.classList.toggle('reached', length >= PASSWORD_MIN)
    if (length === 0) hint.textContent = first
    else hint.textContent = length < PASSWORD_MIN ? `${length} of at least 8 characters.` : 'Long enough.'
  })
}
for (const button of all('[data-go]')) {
  button.addEventListener('click', () => {
    clearProblem()
    show(button.dataset.go)
  })
}
