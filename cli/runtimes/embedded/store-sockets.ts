import { join } from 'node:path'

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const LONGEST_PATH = 100
const PLAIN_PATH = /^\/[A-Za-z0-9_./-]+$/

/**
 * Unix sockets of a store in its own folder, which only its user and root may enter. They cost a fifth
 * less processor time a query than loopback. Undefined where the path is too long for a socket or would
 * need quoting in a URL: then loopback must do.
 */
export function storeSocket(folder: string, file: string): string | undefined {
  const path = join(folder, file)
  return Buffer.byteLength(path) <= LONGEST_PATH && PLAIN_PATH.test(path) ? path : undefined
}

/** Folder for PostgreSQL's socket, which PostgreSQL names after its port; undefined as above. */
export function postgresSocketFolder(folder: string): string | undefined {
  return storeSocket(folder, '.s.PGSQL.65535.lock') === undefined ? undefined : folder
}

/** How the server reaches a private PostgreSQL: by socket where there can be one, else by loopback. */
export function postgresUrl(folder: string, port: number): string {
  const socketFolder = postgresSocketFolder(folder)
  if (socketFolder === undefined) return `postgres://127.0.0.1:${port}/vetrai`
  return `postgres:///vetrai?host=${socketFolder}&port=${port}`
}

/** How the server reaches a private Redis: by socket where there can be one, else by loopback. */
export function redisUrl(folder: string, port: number): string {
  const socket = redisSocket(folder)
  return socket === undefined ? `redis://127.0.0.1:${port}/0` : `unix://${socket}?db=0`
}

/** Redis's own socket; undefined as above. */
export function redisSocket(folder: string): string | undefined {
  return storeSocket(folder, 'redis.sock')
}
