import { parentPort } from 'node:worker_threads'
import type { MjmlNode } from '../markup/to-mjml.js'
import { compileMail } from './compile-mail.js'

/** The thread of MailCompiler: takes trees, answers bodies, one after the other. */
parentPort?.on('message', (tree: MjmlNode) => {
  compileMail(tree).then(
    (body) => parentPort?.postMessage({ body }),
    (error: unknown) =>
      parentPort?.postMessage({ problem: error instanceof Error ? error.message : 'failed' }),
  )
})
