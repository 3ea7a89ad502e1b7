import type { DeploymentConfig } from './schema.js'

/** One port of this host that a deployment listens on. */
export interface PublishedPort {
  host: string
  port: number
  protocol: 'tcp' | 'udp'
  /** Dotted path of the setting that chooses it. */
  setting: string
}

const LOOPBACK = '127.0.0.1'

/** Every port of this host that a deployment takes for people and programs outside of it. */
export function publishedPorts({
  runtime,
  host,
  port,
  proxy,
  monitoring,
}: DeploymentConfig): PublishedPort[] {
  const main: PublishedPort = { host, port, protocol: 'tcp', setting: 'port' }
  if (runtime !== 'compose') return [main]
  const { http_port, https_port } = proxy
  const https = { host: proxy.host, port: https_port, setting: 'proxy.https_port' }
  return [
    main,
    ...(proxy.domain
      ? ([
          { host: proxy.host, port: http_port, protocol: 'tcp', setting: 'proxy.http_port' },
          { ...https, protocol: 'tcp' },
          // HTTP/3 is spoken over UDP.
          { ...https, protocol: 'udp' },
        ] as const)
      : []),
    ...(monitoring.prometheus ? [internal(monitoring.prometheus_port, 'monitoring.prometheus_port')] : []),
    ...(monitoring.grafana ? [internal(monitoring.grafana_port, 'monitoring.grafana_port')] : []),
  ]
}

/** Tells whether only programs on this host can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

/** Tells whether two cannot be listened on at the same time. */
export function collide(a: PublishedPort, b: PublishedPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.host === b.host || isWildcard(a.host) || isWildcard(b.host)
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function internal(port: number, setting: string): PublishedPort {
  return { host: LOOPBACK, port, protocol: 'tcp', setting }
}
