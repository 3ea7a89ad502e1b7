import type { SupportBundle } from '../operations/support/make-bundle.js'
import { bytes, count } from './format.js'
import type { View } from './view.js'

/** Where the bundle is, what is in it, what could not be had, and that it should be looked at before it is given away. */
export const bundleView: View<SupportBundle> = ({ file, bytes: size, contents, missing }, paint) =>
  [
    `${paint.green('✓')} ${file} (${bytes(size)}, ${count(contents.length, 'file')})`,
    ...contents.map(({ path, about }) => `  ${path}  ${paint.dim(about)}`),
    ...missing.map(({ path, reason }) => `  ${paint.yellow('!')} ${path} is missing: ${reason}`),
    '',
    'Secrets, tokens and e-mail addresses were taken out. Look it through before you give it away.',
  ].join('\n')
