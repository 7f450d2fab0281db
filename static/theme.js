/* Before the first paint: the colours that this browser's reader has chosen, if they have. */
try {
  const theme = localStorage.getItem("theme")
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
} catch { /* No storage: as the system has it. */ }
