/** All that other services may import of workers. */
export { type Notifier, provideNotifier } from './workflows/notifier.js'
