'use strict'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const QUIET = new Set(['--quiet', '-q'])

/**
 * Shows on stderr that work goes on: a spinner with seconds on a terminal, else one line at the
 * beginning and one at the end. Nothing with --quiet.
 */
async function showStep(title, work) {
  if (process.argv.some((word) => QUIET.has(word))) return work()
  const began = Date.now()
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1)
  const terminal = process.stderr.isTTY && process.env.TERM !== 'dumb'
  let frame = 0
  const draw = () =>
    process.stderr.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} vetrai: ${title} ${seconds()} s`)
  const timer = terminal ? setInterval(draw, 100) : undefined
  if (!terminal) process.stderr.write(`vetrai: ${title} …\n`)
  try {
    const result = await work()
    if (terminal) process.stderr.write('\r\x1b[K')
    process.stderr.write(`vetrai: ${title}: ${result.code === 0 ? 'done' : 'failed'} in ${seconds()} s\n`)
    return result
  } finally {
    clearInterval(timer)
  }
}

module.exports = { showStep }
