'use strict'
const { spawn } = require('node:child_process')
const { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { BUILD_STAMP, FAILED_STAMP, INSTALL_STAMP, lockHash, staleParts } = require('./freshness.js')
const { withBuildLock } = require('./build-lock.js')
const { pruneDist } = require('./prune-dist.js')
const { showStep } = require('./show-step.js')

/**
 * Installs the dependencies and builds, whichever is missing or out of date. Several first uses at
 * once are fine: one works, the others wait. Fails with an error whose `isExpected` is true and whose
 * message says what to do.
 */
async function makeReady(root) {
  guard(() => mkdirSync(join(root, 'dist'), { recursive: true }), root)
  await withBuildLock(join(root, 'dist', '.build.lock'), async () => {
    // Another process may have done it while this one waited.
    const parts = staleParts(root)
    if (parts.includes('install')) await install(root)
    if (parts.includes('build')) await build(root)
  })
}

async function install(root) {
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const result = await showStep('installing dependencies (npm ci)', () => run(npm(), args, root))
  if (result.code !== 0) {
    throw failure('npm ci failed', result, `Check the network and the disk, then run: cd ${root} && npm ci`)
  }
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(join(root, 'node_modules', INSTALL_STAMP), lockHash(root))
}

async function build(root) {
  const { scripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const [command, args] = scripts.build
    ? [npm(), ['run', '--silent', 'build']]
    : [[process.execPath, tsc], []]
  pruneDist(root)
  const began = new Date()
  const result = await showStep('building', () => run(command, args, root))
  if (result.code !== 0) {
    // The compiler leaves a record all the same, which must not pass for a whole build.
    writeFileSync(join(root, 'dist', FAILED_STAMP), '')
    throw failure('the build failed', result, `See it whole with: cd ${root} && npm run build`)
  }
  rmSync(join(root, 'dist', FAILED_STAMP), { force: true })
  // Sources changed during the build are newer than its beginning, and are built next time.
  const stamp = join(root, 'dist', BUILD_STAMP)
  writeFileSync(stamp, `${began.toISOString()}\n`)
  utimesSync(stamp, began, began)
}

/** The npm that belongs to this Node, else the one on the PATH. */
function npm() {
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  return existsSync(beside) ? [process.execPath, beside] : ['npm']
}

function run([program, ...before], args, cwd) {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_ENV: 'development', npm_config_update_notifier: 'false' }
    const child = spawn(program, [...before, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (text) => {
      output = (output + text).slice(-20_000)
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.once('error', (error) => resolve({ code: null, output: explainSpawn(error) }))
    child.once('close', (code) => resolve({ code, output }))
  })
}

function explainSpawn(error) {
  return error.code === 'ENOENT' ? 'npm was not found: install it (it comes with Node.js).' : error.message
}

function failure(what, { output }, next) {
  const lines = output.trim().split('\n')
  // The cause stands first, what follows from it last.
  const shown = lines.length <= 20 ? lines : [...lines.slice(0, 12), '…', ...lines.slice(-6)]
  return expected(`vetrai: ${what}.\n${shown.join('\n')}\n${next}`)
}

function guard(work, root) {
  try {
    work()
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error
    throw expected(
      `vetrai is not built yet, and ${root} cannot be written to.\nAs its owner run: cd ${root} && npm ci && npm run build`,
    )
  }
}

function expected(message) {
  return Object.assign(new Error(message), { isExpected: true })
}

module.exports = { makeReady }
