import type { Server } from 'node:http'

/** Resolves when the last request is answered; a connection kept alive ends as soon as it has none in hand. */
export function closeServer(server: Server): Promise<void> {
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  return new Promise((resolve) => {
    server.close(() => {
      clearInterval(sweep)
      resolve()
    })
    server.closeIdleConnections()
  })
}
