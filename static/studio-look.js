// Settings, livelier: what colours and fonts look like, while they are being chosen.
'use strict'
{
  const form = document.querySelector('[data-look]'), at = form.dataset.look
  const sheet = document.getElementById('look-sheet'), notes = document.getElementById('look-notes')
  let turn, asked = 0
  const show = async () => {
    const query = new URLSearchParams(new FormData(form)), mine = ++asked
    query.delete('form')
    sheet.href = `${at}.css?${query}`
    const told = await fetch(`${at}.json?${query}`).then(answer => answer.ok ? answer.json() : [], () => [])
    if (mine === asked) notes.replaceChildren(...told.map(words => Object.assign(document.createElement('li'), {textContent: words})))
  }
  form.addEventListener('input', () => {
    clearTimeout(turn)
    turn = setTimeout(show, 120)
  })
  form.querySelector('[data-try]').hidden = true
  for (const field of form.querySelectorAll('[data-colour]')) {
    const choice = Object.assign(document.createElement('input'), {type: 'color'})
    const follow = () => { choice.value = /^#[0-9a-f]{6}$/i.test(field.value) ? field.value : field.placeholder }
    choice.setAttribute('aria-label', `Choose: ${field.labels[0].textContent}`)
    choice.addEventListener('input', () => { field.value = choice.value })
    field.addEventListener('input', follow)
    follow()
    field.after(choice)
  }
}
