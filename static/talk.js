// What people do on the pages, done in place. Everything here is a form or a link that works without it, too.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)]
  const $ = (selector, root = document) => root.querySelector(selector)
  const byId = id => document.getElementById(id)
  const on = (name, hear) => document.addEventListener(name, hear)
  const talk = byId('talk')
  let drafts = {}
  try { drafts = sessionStorage } catch { /* forbidden: drafts last as long as the page */ }

  const voice = document.createElement('p')
  voice.className = 'unseen'
  voice.role = 'status'
  document.body.append(voice)
  const say = text => { voice.textContent = text }

  const note = (text, className, role) =>
    Object.assign(document.createElement('p'), {textContent: text, className: `${className} note`, role})

  async function send(form, body) {
    let answer, told = {problem: 'Something went wrong on our side. Try again in a moment.'}
    try {
      answer = await fetch(form.getAttribute('action'), {method: 'POST', body, headers: {Accept: 'application/json'}})
    } catch {
      throw {problem: 'There is no connection to this blog. Nothing was lost: try again in a moment.'}
    }
    try { told = await answer.json() } catch { if (answer.ok) throw told }
    if (!answer.ok) throw told
    return told
  }

  const begin = (form, button) => {
    for (const old of all('.note', form)) old.remove()
    return new URLSearchParams(new FormData(form, button))
  }

  function complain(form, {problem, wrong = {}}) {
    const [name, mistake] = Object.entries(wrong)[0] || [], field = form.elements[name]
    const shown = note(mistake || problem, 'wrong', 'alert')
    if (!field) return form.append(shown)
    shown.id = `${field.id}-wrong`
    field.setAttribute('aria-describedby', shown.id)
    field.setAttribute('aria-invalid', true)
    field.after(shown)
    field.focus()
  }

  // Toggles show at once what shall be, and what is if it was refused. One after the other: the last press wins.
  const busy = new WeakMap()
  function show(form, button, isOn, count) {
    button.value = isOn ? '' : 1
    if (button.ariaPressed) button.ariaPressed = isOn
    else $('[data-words]', button).textContent = isOn ? form.dataset.on : form.dataset.off
    const number = $('[data-count]', button)
    if (number) number.textContent = count || ''
    if (form.action.endsWith('/bookmark')) byId('bookmark-list').hidden = !isOn
  }
  function toggle(form, button) {
    const body = begin(form, button), wasOn = !button.value
    const count = Number($('[data-count]', button)?.textContent)
    show(form, button, !wasOn, count + (wasOn ? -1 : 1))
    busy.set(form, Promise.resolve(busy.get(form)).then(() => send(form, body)).then(told => {
      show(form, button, told.on, told.count)
      say(told.said)
    }, told => {
      show(form, button, wasOn, count)
      complain(form, told)
    }))
  }

  function counted(comments) {
    talk.dataset.known = comments
    for (const one of all('[data-comments]')) one.textContent = Number(comments) || ''
    if (news) news.hidden = true
  }

  function take(told, form) {
    for (const id in told.append) byId(id)?.insertAdjacentHTML('beforeend', told.append[id])
    for (const id in told.replace) {
      if (told.replace[id]) byId(id).outerHTML = told.replace[id]
      else byId(id)?.closest('li').remove()
    }
    for (const id in told.text) byId(id).textContent = told.text[id]
    if ('comments' in told) counted(told.comments)
    delete drafts[form.dataset.draft]
    const opened = form.closest('[data-opened]')
    if (opened) opened.replaceWith(told.append || told.replace ? '' : note(told.said, 'said', 'status'))
    else if (form.dataset.draft) {
      form.reset()
      $('[data-preview]', form).hidden = true
      form.elements.key.value = told.key
    } else form.closest('details')?.removeAttribute('open')
    byId(told.go)?.focus()
    say(told.said)
  }

  async function submit(form, button) {
    const body = begin(form, button), buttons = all('button', form)
    for (const one of buttons) one.disabled = true
    try {
      const told = await send(form, body)
      const shown = $('[data-preview]', form)
      if (told.preview) {
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

  on('submit', event => {
    const form = event.target, {toggle: isToggle, drop, send: isSent, draft} = form.dataset
    if (isToggle === undefined && drop === undefined && !(talk && isSent !== undefined))
      return void delete drafts[draft]  // the page that comes has the text, if it was not taken
    event.preventDefault();
    (isToggle === undefined ? submit : toggle)(form, event.submitter)
  })

  // What was typed outlives a reload, a closed form and a lost connection.
  const restore = root => {
    for (const form of all('[data-draft]', root)) form.elements.text.value = drafts[form.dataset.draft] || form.elements.text.value
  }
  on('input', ({target}) => {
    const key = target.form?.dataset.draft
    if (key && target.name === 'text') try { drafts[key] = target.value } catch { /* no room */ }
  })
  restore(document)

  // Forms that have pages of their own open below what they are about.
  const page = async path => new DOMParser().parseFromString(await (await fetch(path)).text(), 'text/html')
  let opener
  function close() {
    const opened = $('#talk [data-opened]')
    opened?.remove()
    if (opened) opener.focus()
    return opened
  }
  async function open(link, path, place) {
    if (close() && opener === link) return
    opener = link
    const form = await page(path).then(found => $('.write', found), () => null)
    if (!form) return location.assign(path)  // the browser says what is wrong
    form.dataset.opened = ''
    const area = $('textarea', form)
    area.autofocus = false
    place.after(form)
    restore(form.parentElement)
    area.focus()
  }
  on('keydown', event => {
    if (event.key === 'Escape' && event.target.closest('[data-opened]')) close()
  })

  let passage = location.hash.startsWith('#b-') ? location.hash.slice(3) : ''
  on('selectionchange', () => {
    const chosen = getSelection(), node = chosen.isCollapsed ? null : chosen.anchorNode
    const block = (node?.closest ? node : node?.parentElement)?.closest('.prose > [id^="b-"]')
    if (block) passage = block.id.slice(2)
  })

  on('click', event => {
    const link = event.target.closest('#talk a')
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
    const {open: about, report, close: isClose} = link.dataset
    if (about) open(link, link.href, byId(about))
    else if (report !== undefined && link.pathname.endsWith('/report'))
      open(link, `${link.pathname}?block=${encodeURIComponent(passage)}`, link.parentElement)
    else if (isClose !== undefined) close()
    else if (link.parentElement === news) more(link)
    else return
    event.preventDefault()
  })

  // A tiny address tells how many comments there are; nobody asks for it while the page is out of sight.
  const news = talk && $('[data-new]', talk)
  async function look() {
    if (document.hidden) return
    const told = await fetch(talk.dataset.live, {cache: 'no-cache'}).then(answer => answer.json()).catch(() => null)
    const count = told ? told.comments - talk.dataset.known : 0, link = news.firstChild
    if (count < 1) return
    news.hidden = false
    const text = count === 1 ? '1 new comment' : `${count} new comments`
    if (link.textContent !== text) say(link.textContent = text)
  }
  async function more(link) {
    const found = await page(location.pathname + location.search).catch(() => null)
    let first
    for (const one of found ? all('.said-by-person', found) : []) {
      const item = one.closest('li'), list = byId(item.parentElement.id)
      if (byId(one.id) || !list) continue
      list.append(item)
      first ||= one
    }
    if (!first) return location.assign((found && $('#comments [rel=next]', found) || link).href)
    counted($('#talk', found).dataset.known)
    first.focus()
  }
  if (news) {
    setInterval(look, 45_000)
    on('visibilitychange', look)
  }

  const {progress, form} = talk?.dataset || {}
  let told
  on('visibilitychange', () => {
    const blocks = all('.prose > [id^="b-"]')
    const at = blocks.findLastIndex(one => one.getBoundingClientRect().top < innerHeight * .9)
    if (!progress || !document.hidden || at < 0 || at === told) return
    told = at
    navigator.sendBeacon(progress, new URLSearchParams({
      form, block: blocks[at].id.slice(2), fraction: (at + 1) / blocks.length, at: new Date().toISOString(),
    }))
  })
})()
