'use strict'
const { writeFileSync } = require('node:fs')
const { reporters } = require('mocha')

/** The spec reporter, which also writes the totals to the file that VETRAI_TEST_REPORT names. */
module.exports = class Reporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const file = process.env.VETRAI_TEST_REPORT
      if (!file) return
      const { passes, failures, pending } = runner.stats
      writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, pending }))
    })
  }
}
