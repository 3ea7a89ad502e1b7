import type { Check } from './check.js'
import { clock } from './clock.js'
import { components } from './components.js'
import { config } from './config.js'
import { disk } from './disk.js'
import { fileModes } from './file-modes.js'
import { memory } from './memory.js'
import { migrations } from './migrations.js'
import { nodeVersion } from './node-version.js'
import { ports } from './ports.js'
import { secrets } from './secrets.js'
import { versions } from './versions.js'

/** Every check, in the order they are run and shown. */
export const CHECKS: readonly Check[] = [
  nodeVersion,
  memory,
  disk,
  clock,
  config,
  fileModes,
  secrets,
  ports,
  versions,
  migrations,
  components,
]
