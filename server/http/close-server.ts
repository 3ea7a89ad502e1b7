import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'

/**
 * Accepts no connection from now on and resolves when the last request is answered. Connections that idle are ended after
 * `idleMs`, or by their clients before: who sends a request on one that is just being closed cannot know whether it
 * arrived (RFC 9112, 9.3.1), so a proxy that gives them up sooner than that loses none.
 */
export function closeServer(server: Server, idleMs = 0): Promise<void> {
  return new Promise((resolve) => {
    let sweep: NodeJS.Timeout | undefined
    const end = setTimeout(() => {
      server.closeIdleConnections()
      sweep = setInterval(() => server.closeIdleConnections(), 50)
    }, idleMs)
    const closed = () => {
      clearTimeout(end)
      clearInterval(sweep)
      // Nobody listens any more: this ends the timers of its own that watch connections.
      server.close()
      resolve()
    }
    // What is called on http.Server ends idle connections first. In the next turn, as those that came in this one are taken by then.
    setImmediate(() => NetServer.prototype.close.call(server, closed))
  })
}
