/** Environment that leads docker, Compose and dockerode to the tests' engine. */
export function engineEnv(): NodeJS.ProcessEnv {
  return {}
}

/** The `images:` block of vetrai.yml with the images that were built for tests. */
export function imageOverrides(): Record<string, string> {
  return {}
}
