/** All that other services may import of workers. */
export { provideNotifier } from './workflows/notifier.js'
