// The studio, livelier: times as the browser's own, pages that follow what happens. All of it works without.
(() => {
  "use strict"
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]
  const byId = id => document.getElementById(id)

  const long = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "short"})
  const short = new Intl.DateTimeFormat(undefined, {timeStyle: "short"})
  const localise = within => {
    for (const time of all("time[data-local]", within)) {
      const at = new Date(time.dateTime)
      const today = new Date().toDateString() === at.toDateString()
      time.textContent = (time.dataset.local && today ? short : long).format(at)
      time.title = long.format(at)
    }
  }

  // A live page: parts of it come anew by their ids; a list says who stands in it, in which order.
  const parsed = html => {
    const box = document.createElement("template")
    box.innerHTML = html
    localise(box.content)
    return box.content.firstElementChild
  }
  const put = (old, fresh) => {
    const open = all("details", old).map(one => one.open)
    old.replaceWith(fresh)
    all("details", fresh).forEach((one, nth) => { one.open = open[nth] ?? one.open })
  }
  const arrange = (list, ids, known) => {
    for (const gone of [...list.children]) if (!ids.includes(gone.id)) gone.remove()
    ids.forEach((id, place) => {
      const one = known.get(id)
      if (one && list.children[place] !== one) list.insertBefore(one, list.children[place] || null)
    })
  }
  // Whether the job is being walked: its last words may arrive after it has come to its review.
  let busy = true
  const acts = words => {
    for (const one of all("[data-act]")) {
      const hide = !one.dataset.act.split(" ").some(act => words.includes(act))
      if (one.hidden !== hide) one.hidden = hide
    }
    busy = words.includes("pause") && !words.includes("approve")
    const writing = byId("writing")
    if (writing) writing.hidden = !busy || !writing.lastElementChild.hasChildNodes()
  }
  const show = ({set, lists}) => {
    const at = document.activeElement
    const known = new Map(all("[data-list] > *").map(one => [one.id, one]))
    for (const [id, html] of Object.entries(set)) {
      const old = byId(id), one = parsed(html)
      known.set(id, one)
      if (old) put(old, one)
    }
    for (const [id, ids] of Object.entries(lists)) {
      if (id === "acts") acts(ids)
      else if (id === "revision") all("[data-revision]").forEach(one => { one.value = ids[0] })
      else if (byId(id)) arrange(byId(id), ids, known)
    }
    // Who went there by keyboard stays there, wherever it stands now.
    if (document.activeElement !== at && at.hasAttribute("href")) {
      all("main a").find(one => one.getAttribute("href") === at.getAttribute("href"))?.focus()
    }
  }
  const write = ({step, text}) => {
    const section = byId("writing")
    if (!section) return
    section.hidden = !busy
    const box = section.lastElementChild
    const one = [...box.children].find(each => each.dataset.step === step) || box.appendChild(document.createElement("p"))
    one.dataset.step = step
    one.append(text)
    while (box.children.length > 3) box.firstElementChild.remove()
    box.scrollTop = box.scrollHeight
  }

  const SILENCE = 40000
  const follow = line => {
    let source, silence, after = line.dataset.after, pause = 1000
    const words = line.firstElementChild
    const say = (state, text) => {
      if (line.dataset.state === state) return
      line.dataset.state = state
      words.textContent = text
    }
    const lost = () => say("lost", "The connection is lost; what you see may be old. Trying again…")
    const hear = () => {
      clearTimeout(silence)
      silence = setTimeout(again, SILENCE)
      pause = 1000
      say("live", "Live")
    }
    const again = () => {
      source.close()
      lost()
      setTimeout(begin, pause)
      pause = Math.min(pause * 2, 15000)
    }
    const begin = () => {
      source = new EventSource(`${line.dataset.live}?after=${encodeURIComponent(after)}`)
      source.onopen = hear
      source.addEventListener("page", event => {
        after = event.lastEventId
        hear()
        show(JSON.parse(event.data))
      })
      source.addEventListener("text", event => { hear(); write(JSON.parse(event.data)) })
      source.addEventListener("beat", hear)
      source.addEventListener("out", () => {
        source.close()
        clearTimeout(silence)
        say("out", "You are signed out here. Load the page again to sign in.")
      })
      source.onerror = () => {
        clearTimeout(silence)
        if (source.readyState === EventSource.CLOSED) again()
        else lost()
      }
    }
    begin()
    addEventListener("online", () => { if (line.dataset.state === "lost") { source.close(); begin() } })
    addEventListener("pagehide", () => source.close())
    addEventListener("pageshow", event => { if (event.persisted) begin() })
  }

  // Ordering a post.
  const order = form => {
    const texts = form.querySelector("[data-texts]")
    form.querySelector("[data-another]").addEventListener("click", event => {
      event.preventDefault()
      const number = texts.children.length + 1
      const copy = texts.lastElementChild.cloneNode(true)
      for (const wrong of all(".wrong", copy)) wrong.remove()
      for (const label of all("label", copy)) {
        label.htmlFor = label.htmlFor.replace(/\d+$/, number)
        label.firstChild.data = label.firstChild.data.replace(/\d+/, number)
      }
      for (const field of all("input, textarea", copy)) {
        field.value = ""
        field.id = field.id.replace(/\d+$/, number)
        field.removeAttribute("aria-describedby")
        field.removeAttribute("aria-invalid")
        field.parentElement.classList.remove("field-wrong")
      }
      texts.append(copy)
      copy.querySelector("textarea").focus()
    })
    for (const zone of all("[data-zone]", form)) {
      zone.textContent = `In your time (${Intl.DateTimeFormat().resolvedOptions().timeZone}).`
    }
    const files = form.querySelector("[type=file]")
    const weigh = () => {
      const size = [...files.files].reduce((sum, file) => sum + file.size, 0)
      files.setCustomValidity(size > form.dataset.maxBytes ? "These files are too large together; choose fewer." : "")
    }
    files.addEventListener("change", weigh)
    form.addEventListener("submit", event => {
      for (const offset of all("[data-offset-of]", form)) {
        const at = new Date(byId(offset.dataset.offsetOf).value)
        offset.value = isNaN(at) ? "" : -at.getTimezoneOffset()
      }
      if (form.dataset.sent) event.preventDefault()
      form.dataset.sent = "yes"
    })
    addEventListener("pageshow", () => { delete form.dataset.sent })
  }

  localise(document)
  for (const line of all("[data-live]")) follow(line)
  for (const form of all("[data-order]")) order(form)
})()
