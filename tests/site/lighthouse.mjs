// Lighthouse in one process and one browser: an address a line comes in, what it says of the page a line goes out.
// Arguments: the categories, with commas, and Chromium's flags, with spaces. The browser is CHROME_PATH.
import { createInterface } from 'node:readline'

import { launch } from 'chrome-launcher'
import lighthouse from 'lighthouse'

const [categories, flags] = process.argv.slice(2)
const chrome = await launch({ chromeFlags: flags.split(' ') })
// Nobody looks at the picture of the whole page, which takes a second of each.
const asked = { port: chrome.port, logLevel: 'silent', disableFullPageScreenshot: true, onlyCategories: categories.split(',') }
try {
  for await (const url of createInterface({ input: process.stdin })) {
    // An error that Lighthouse met, a lost trace say, is thrown or stands in what it says.
    const told = await lighthouse(url, asked).then(({ lhr }) => lhr, error => ({ runtimeError: { message: String(error) } }))
    process.stdout.write(`${JSON.stringify(told)}\n`)
  }
} finally {
  chrome.kill()
}
process.exit() // what it asked of the page itself would keep its connection, and this process, for seconds
