// What makes reading nicer. Every page is whole without it.
(() => {
  "use strict"
  const root = document.documentElement
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]

  // Colours: theme.js has set what was chosen before the first paint; here it is chosen.
  const colours = document.getElementById("colours")
  const show = () => {
    const now = root.dataset.theme || ""
    for (const one of all("button", colours)) one.setAttribute("aria-pressed", one.dataset.themeChoice === now)
    const paper = now && getComputedStyle(document.body).backgroundColor
    for (const meta of all("meta[name=theme-color]")) {
      meta.dataset.own ||= meta.content
      meta.content = paper || meta.dataset.own
    }
  }
  colours?.addEventListener("click", event => {
    const choice = event.target.dataset?.themeChoice
    if (choice === undefined) return
    if (choice) root.dataset.theme = choice
    else delete root.dataset.theme
    try { localStorage.setItem("theme", choice) } catch { /* it holds for this page */ }
    show()
  })
  addEventListener("storage", event => {
    if (event.key !== "theme") return
    if (event.newValue) root.dataset.theme = event.newValue
    else delete root.dataset.theme
    show()
  })
  if (colours) {
    colours.hidden = false
    show()
  }

  // Copying: code, and the address of a post.
  const copies = (button, text) => button.addEventListener("click", async () => {
    const words = button.textContent
    try {
      await navigator.clipboard.writeText(text())
      button.textContent = "Copied"
    } catch {
      button.textContent = "Could not copy"
    }
    setTimeout(() => { button.textContent = words }, 2000)
  })
  if (navigator.clipboard) {
    for (const code of all(".prose pre > code")) {
      const button = document.createElement("button")
      button.className = "copy"
      button.type = "button"
      button.textContent = "Copy"
      button.setAttribute("aria-live", "polite")
      copies(button, () => code.textContent)
      code.before(button)
    }
    for (const button of navigator.share ? all("[data-share]") : []) {
      button.hidden = false
      button.addEventListener("click", () => {
        navigator.share({title: button.dataset.share, url: button.dataset.url}).catch(() => { /* thought better of it */ })
      })
    }
    for (const button of all("[data-copy]")) {
      copies(button, () => button.dataset.copy)
      button.hidden = false
    }
  }

  // The table of contents marks the chapter that is being read.
  const contents = document.querySelector(".contents")
  if (contents) {
    const wide = matchMedia("(min-width: 84rem)"), details = contents.querySelector("details")
    const open = () => { details.open = wide.matches }
    open()
    wide.addEventListener("change", open)
    const links = new Map(all("a", contents).map(link => [document.getElementById(link.hash.slice(1)), link]))
    links.delete(null)
    let waiting = false
    const mark = () => {
      waiting = false
      const passed = [...links.keys()].filter(heading => heading.getBoundingClientRect().top < innerHeight * .3)
      const now = links.get(passed.at(-1))
      for (const link of links.values()) {
        if (link === now) link.setAttribute("aria-current", "true")
        else link.removeAttribute("aria-current")
      }
    }
    const soon = () => {
      if (!waiting) requestAnimationFrame(mark)
      waiting = true
    }
    addEventListener("scroll", soon, {passive: true})
    addEventListener("resize", soon)
    mark()
    details.addEventListener("click", event => {
      if (event.target.closest("a") && !wide.matches) details.open = false
    })
  }

  // A quiet line tells of new posts. Nobody asks while the page is out of sight, and never more than once a minute.
  const news = document.getElementById("news")
  if (news?.dataset.newest) {
    let asked = Date.now(), timer
    const ask = async () => {
      clearTimeout(timer)
      if (document.hidden) return
      if (Date.now() - asked >= 60_000) {
        asked = Date.now()
        try {
          const {newest} = await (await fetch("/newest.json")).json()
          const found = newest.indexOf(news.dataset.newest), count = found < 0 ? newest.length : found
          if (count && news.dataset.count !== `${count}`) {
            news.dataset.count = count
            const link = document.createElement("a")
            link.href = "/"
            link.textContent = count === 1 ? "1 new post" : `${count}${found < 0 ? " or more" : ""} new posts`
            news.replaceChildren(link)
          }
        } catch { /* the next time may work */ }
      }
      timer = setTimeout(ask, 60_000)
    }
    document.addEventListener("visibilitychange", ask)
    ask()
  }

  // Filters of a search act when they are chosen.
  const filters = document.querySelector("form.filters")
  filters?.addEventListener("change", event => {
    if (event.target.matches("select")) filters.requestSubmit()
  })
  filters?.addEventListener("formdata", ({formData}) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name)
  })
})()
