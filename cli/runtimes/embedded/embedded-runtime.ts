import type { Runtime } from '../runtime.js'

/** The runtime without Docker. */
export function embeddedRuntime(): Runtime {
  const todo = (): never => {
    throw new Error('being written')
  }
  return {
    name: 'embedded',
    up: todo,
    down: todo,
    restart: todo,
    status: todo,
    logs: todo,
    migrations: todo,
    migrate: todo,
    uninstall: todo,
  }
}
