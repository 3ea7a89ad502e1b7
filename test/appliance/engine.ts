const PREFIX = process.env.VETRAI_TEST_IMAGES ?? 'vetrai-test'

/** Environment that leads docker, Compose and dockerode to the tests' engine. */
export function engineEnv(): NodeJS.ProcessEnv {
  const { DOCKER_HOST, DOCKER_CONFIG } = process.env
  return { ...(DOCKER_HOST && { DOCKER_HOST }), ...(DOCKER_CONFIG && { DOCKER_CONFIG }) }
}

/** The `images:` block of vetrai.yml with the images that were built for tests. */
export function imageOverrides(): Record<string, string> {
  return {
    server: 'tmp/server:3',
    postgres: `${PREFIX}/postgres`,
    redis: `${PREFIX}/valkey`,
    'object-store': `${PREFIX}/silo`,
    proxy: `${PREFIX}/caddy`,
    prometheus: `${PREFIX}/prometheus`,
    'postgres-exporter': `${PREFIX}/postgres-exporter`,
    'redis-exporter': `${PREFIX}/redis-exporter`,
  }
}
