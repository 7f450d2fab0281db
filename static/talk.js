// What people do on the pages, done in place. Everything here is a form or a link that works without it, too.
(() => {
  'use strict'
  const $ = (selector, root = document) => root.querySelector(selector)
  const byId = id => document.getElementById(id)
  const talk = byId('talk')
  const store = (() => { try { return sessionStorage } catch { return {} } })()

  const voice = document.createElement('p')
  voice.className = 'unseen'
  voice.setAttribute('role', 'status')
  document.body.append(voice)
  const say = text => { voice.textContent = ''; setTimeout(() => { voice.textContent = text }, 50) }

  const note = (text, className) => {
    const made = document.createElement('p')
    made.className = className
    made.setAttribute('role', className === 'said' ? 'status' : 'alert')
    made.dataset.note = ''
    made.textContent = text
    return made
  }

  async function send(form, body) {
    let answer, told
    try {
      answer = await fetch(form.getAttribute('action'), {method: 'POST', body, headers: {Accept: 'application/json'}})
    } catch {
      throw {problem: 'There is no connection to this blog. Nothing was lost: try again in a moment.'}
    }
    try { told = await answer.json() } catch { told = {problem: 'Something went wrong on our side. Try again in a moment.'} }
    if (!answer.ok) throw told
    return told
  }

  const content = (form, button) => new URLSearchParams(new FormData(form, button))

  function complain(form, told) {
    for (const old of form.querySelectorAll('[data-note]')) old.remove()
    const field = Object.keys(told.wrong || {}).map(name => form.elements[name]).find(one => one?.closest)
    const text = Object.values(told.wrong || {}).join(' ') || told.problem
    const wrong = note(text, 'wrong')
    if (field) {
      wrong.id = `${field.id}-wrong`
      field.setAttribute('aria-describedby', wrong.id)
      field.setAttribute('aria-invalid', 'true')
      field.after(wrong)
      field.focus()
    } else form.append(wrong)
  }

  // Toggles show at once what shall be, and what is if it was refused. One after the other: the last press wins.
  const busy = new WeakMap()
  function show(form, button, isOn, count) {
    button.value = isOn ? '' : '1'
    if (button.hasAttribute('aria-pressed')) button.setAttribute('aria-pressed', isOn)
    else $('[data-words]', button).textContent = isOn ? form.dataset.on : form.dataset.off
    const number = $('[data-count]', button)
    if (number && count !== undefined) number.textContent = count || ''
    if (form.action.endsWith('/bookmark')) byId('bookmark-list').hidden = !isOn
  }
  function toggle(form, button) {
    const body = content(form, button), wasOn = button.value === ''
    const count = Number($('[data-count]', button)?.textContent || 0)
    for (const old of form.querySelectorAll('[data-note]')) old.remove()
    show(form, button, !wasOn, count + (wasOn ? -1 : 1))
    busy.set(form, Promise.resolve(busy.get(form)).then(async () => {
      try {
        const told = await send(form, body)
        show(form, button, told.on, told.count)
        say(told.said)
      } catch (told) {
        show(form, button, wasOn, count)
        complain(form, told)
      }
    }))
  }

  function counted(comments) {
    talk.dataset.known = comments
    for (const one of document.querySelectorAll('[data-comments]')) one.textContent = Number(comments) || ''
    $('[data-new]')?.setAttribute('hidden', '')
  }

  function take(told, form) {
    for (const [id, html] of Object.entries(told.append || {})) byId(id)?.insertAdjacentHTML('beforeend', html)
    for (const [id, html] of Object.entries(told.replace || {})) {
      const old = byId(id)
      if (html && old) old.outerHTML = html
      else old?.closest('li').remove()
    }
    for (const [id, text] of Object.entries(told.text || {})) if (byId(id)) byId(id).textContent = text
    if ('comments' in told) counted(told.comments)
    delete store[form.dataset.draft]
    const opened = form.closest('[data-opened]')
    if (opened) opened.replaceWith(...(told.append || told.replace ? [] : [note(told.said, 'said')]))
    else if (form.isConnected && form.dataset.draft) {
      form.reset()
      $('[data-preview]', form).hidden = true
      form.elements.key.value = told.key
    } else form.closest('details')?.removeAttribute('open')
    if (told.go) byId(told.go)?.focus()
    say(told.said)
  }

  async function submit(form, button) {
    const body = content(form, button), buttons = form.querySelectorAll('button')
    for (const old of form.querySelectorAll('[data-note]')) old.remove()
    for (const one of buttons) one.disabled = true
    try {
      const told = await send(form, body)
      if (told.preview) {
        const shown = $('[data-preview]', form)
        shown.innerHTML = told.preview
        shown.hidden = false
        say(told.said)
      } else if ('drop' in form.dataset) {
        form.closest('li').remove()
        say(told.said)
      } else take(told, form)
    } catch (told) {
      complain(form, told)
    }
    for (const one of buttons) one.disabled = false
  }

  document.addEventListener('submit', event => {
    const form = event.target, button = event.submitter
    const isToggle = 'toggle' in form.dataset
    if (isToggle || 'drop' in form.dataset || (talk && 'send' in form.dataset)) {
      event.preventDefault()
      if (isToggle) toggle(form, button)
      else submit(form, button)
    } else delete store[form.dataset.draft]  // the page that comes has the text, if it was not taken
  })

  // What was typed outlives a reload, a closed form and a lost connection.
  const restore = root => {
    for (const form of root.querySelectorAll('form[data-draft]')) {
      const draft = store[form.dataset.draft]
      if (draft) form.elements.text.value = draft
    }
  }
  document.addEventListener('input', event => {
    const key = event.target.form?.dataset.draft
    if (key && event.target.name === 'text') try { store[key] = event.target.value } catch { /* no room */ }
  })
  restore(document)

  // Forms that have pages of their own open below what they are about.
  const page = async path => new DOMParser().parseFromString(await (await fetch(path)).text(), 'text/html')
  let opener
  const close = () => {
    const opened = $('#talk [data-opened]')
    opened?.remove()
    return opened
  }
  async function open(link, path, place) {
    const wasHere = opener === link && close()
    opener = link
    if (wasHere) return
    close()
    let form
    try { form = $('.write', await page(path)) } catch { /* the browser says what is wrong */ }
    if (!form) return location.assign(path)
    form.dataset.opened = ''
    $('textarea', form).autofocus = false
    place.after(form)
    restore(form.parentElement)
    const area = $('textarea', form)
    area.focus()
    area.setSelectionRange(area.value.length, area.value.length)
  }
  const cancel = () => { if (close()) opener?.focus() }
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && event.target.closest('[data-opened]')) cancel()
  })

  let passage = location.hash.startsWith('#b-') ? location.hash.slice(3) : ''
  document.addEventListener('selectionchange', () => {
    const chosen = getSelection()
    const node = chosen.isCollapsed ? null : chosen.anchorNode
    const block = (node?.closest ? node : node?.parentElement)?.closest('.prose > [id^="b-"]')
    if (block) passage = block.id.slice(2)
  })

  document.addEventListener('click', event => {
    const link = event.target.closest('a')
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return
    const {dataset} = link
    if (talk && dataset.open) open(link, link.href, byId(dataset.open))
    else if (talk && 'report' in dataset && !link.pathname.startsWith('/login'))
      open(link, `${link.pathname}?block=${encodeURIComponent(passage)}`, link.parentElement)
    else if (talk && 'close' in dataset) cancel()
    else if (link.parentElement.hasAttribute('data-new')) more(link)
    else return
    event.preventDefault()
  })

  // A tiny address tells how many comments there are; nobody asks for it while the page is out of sight.
  const news = talk && $('[data-new]', talk)
  async function look() {
    if (document.hidden) return
    try {
      const count = (await (await fetch(talk.dataset.live, {cache: 'no-cache'})).json()).comments - talk.dataset.known
      const text = count === 1 ? '1 new comment' : `${count} new comments`
      news.hidden = count < 1
      if (count > 0 && news.firstChild.textContent !== text) say(news.firstChild.textContent = text)
    } catch { /* the next look may work */ }
  }
  async function more(link) {
    const found = await page(location.pathname + location.search).catch(() => null)
    if (!found) return location.assign(link.href)
    let first
    for (const one of found.querySelectorAll('.said-by-person')) {
      const item = one.closest('li'), list = byId(item.parentElement.id)
      if (byId(one.id) || !list) continue
      list.append(item)
      first ||= one
    }
    if (!first) return location.assign($('#comments a[rel=next]', found)?.href || link.href)
    counted($('#talk', found).dataset.known)
    first.focus()
  }
  if (news) {
    setInterval(look, 45_000)
    document.addEventListener('visibilitychange', look)
  }

  if (talk?.dataset.progress) {
    let told
    document.addEventListener('visibilitychange', () => {
      const blocks = [...document.querySelectorAll('.prose > [id^="b-"]')]
      const at = blocks.findLastIndex(one => one.getBoundingClientRect().top < innerHeight * .9)
      if (!document.hidden || at < 0 || at === told) return
      told = at
      navigator.sendBeacon(talk.dataset.progress, new URLSearchParams({
        form: talk.dataset.form, block: blocks[at].id.slice(2), fraction: (at + 1) / blocks.length,
        at: new Date().toISOString(),
      }))
    })
  }
})()
