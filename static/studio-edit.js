// The editor: a preview, and a draft that this tab keeps until it is saved. The queue by keyboard.
const form = document.querySelector('[data-edit]')
if (form) {
  const shown = document.querySelector('[data-shown]')
  const address = document.querySelector('[data-preview]').dataset.preview
  const state = form.querySelector('[data-state]')
  const notice = form.querySelector('[data-draft]')
  const key = `draft ${form.dataset.edit}`
  // With the version that it was typed from: somebody else may save before it comes back.
  const fields = [...form.elements].filter(field => field.name && field.name !== 'form' && field.type !== 'file')
  const what = field => (/radio|checkbox/.test(field.type) ? 'checked' : 'value')
  const named = field => (field.type === 'radio' ? field.name + field.value : field.name)
  const stands = () => JSON.stringify(Object.fromEntries(fields.map(field => [named(field), field[what(field)]])))
  if (form.dataset.saved !== undefined) sessionStorage.removeItem(key)
  const came = stands()
  const was = form.dataset.unsaved === undefined ? came : ''
  let sending = false, timer, asking
  const changed = () => stands() !== was || form.elements.picture.files.length > 0
  const preview = async () => {
    asking?.abort()
    asking = new AbortController()
    const body = new FormData(form)
    body.delete('picture')
    try {
      const answer = await fetch(address, {method: 'POST', body, headers: {'X-Fragment': '1'}, signal: asking.signal})
      if (answer.ok && !answer.redirected) shown.innerHTML = await answer.text()
    } catch {} // the next stroke asks again
  }
  form.addEventListener('input', () => {
    sending = false
    if (form.elements.cover.value === 'upload') form.querySelector('.covers details').open = true
    state.textContent = changed() ? 'Not saved yet' : ''
    sessionStorage.setItem(key, stands())
    clearTimeout(timer)
    timer = setTimeout(preview, 500)
  })
  form.addEventListener('submit', event => {
    if (event.submitter?.formAction.endsWith('#preview')) {
      event.preventDefault()
      preview().then(() => shown.parentElement.focus())
    } else sending = true
  })
  addEventListener('beforeunload', event => { if (changed() && !sending) event.preventDefault() })
  form.addEventListener('keydown', event => {
    if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      form.requestSubmit()
    }
  })
  const kept = sessionStorage.getItem(key)
  notice.hidden = !kept || kept === came || !was
  notice.addEventListener('click', event => {
    if (event.target.matches('[data-bring]')) {
      const said = JSON.parse(kept)
      for (const field of fields) if (named(field) in said) field[what(field)] = said[named(field)]
      form.dispatchEvent(new Event('input'))
    } else if (event.target.matches('[data-forget]')) sessionStorage.removeItem(key)
    else return
    notice.hidden = true
    form.elements.markdown.focus()
  })
  preview()
}

// On a comment's box: j and k go to the next and the one before; a, r and s do what the buttons say.
const queue = document.querySelector('[data-queue]')
queue?.querySelector('[data-strokes]').removeAttribute('hidden')
queue?.addEventListener('keydown', event => {
  if (event.target.type !== 'checkbox' || event.ctrlKey || event.metaKey || event.altKey) return
  const boxes = [...queue.querySelectorAll('[type=checkbox]')]
  const step = {j: 1, k: -1}[event.key]
  const button = queue.querySelector(`[data-key="${CSS.escape(event.key)}"]`)
  if (step) boxes[boxes.indexOf(event.target) + step]?.focus()
  else if (button) {
    if (!boxes.some(box => box.checked)) event.target.checked = true
    button.click()
  } else return
  event.preventDefault()
})
