import type { JsonDoc } from './json-doc.js'

/** How the meaning of a field ends that need not be there. */
export const OPTIONAL = 'left out where that is not known'

/** One component, as `status` shows it. */
export const componentDoc: JsonDoc = {
  name: 'server, postgres, redis, …',
  pid: 'process id; null when it does not run',
  state: 'running, starting, stopped or failed',
  version: 'its version, where known',
  uptime_s: 'seconds since it started',
  memory_bytes: 'resident memory',
  last_error: 'why it last stopped or failed; null when it never did',
  cpu_percent: `processor time in percent of one processor; ${OPTIONAL}`,
  memory_limit_bytes: `memory it may use; ${OPTIONAL}`,
  ports: `list of what it listens on; ${OPTIONAL}`,
  image: `image of its container; ${OPTIONAL}`,
  health: `what its health check says; ${OPTIONAL}`,
}

/** The state of a deployment. */
export const statusDoc: JsonDoc = {
  url: 'URL of the deployment',
  version: 'version of VetrAI',
  runtime: 'embedded, compose, swarm or kubernetes',
  ready: 'true when requests are served',
  components: { '[]': componentDoc },
  drift: {
    '[]': {
      component: 'what runs otherwise than the files say',
      detail: 'what `up` would do about it, and why',
    },
  },
}

/** What most lifecycle commands answer. */
export const changedDoc: JsonDoc = { changed: 'false when there was nothing to do' }

/** What the service commands say of a unit. */
export const serviceDoc: JsonDoc = {
  unit: 'name of the systemd unit',
  scope: 'system or user: whose unit it is',
  path: 'file of the unit',
  hint: 'what is missing before it starts at boot; null when nothing is',
}
