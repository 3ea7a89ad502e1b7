import { archiving } from './archiving.js'
import { backups } from './backups.js'
import { boot } from './boot.js'
import type { Check } from './check.js'
import { clock } from './clock.js'
import { components } from './components.js'
import { composePlugin } from './compose-plugin.js'
import { config } from './config.js'
import { containerLimits } from './container-limits.js'
import { containerMemory } from './container-memory.js'
import { disk } from './disk.js'
import { dns } from './dns.js'
import { engine } from './engine.js'
import { fileModes } from './file-modes.js'
import { firewall } from './firewall.js'
import { imageArchitecture } from './image-architecture.js'
import { kernel } from './kernel.js'
import { memory } from './memory.js'
import { migrations } from './migrations.js'
import { nodeVersion } from './node-version.js'
import { ports } from './ports.js'
import { reachability } from './reachability.js'
import { secrets } from './secrets.js'
import { signIn } from './sign-in.js'
import { smtp } from './smtp.js'
import { versions } from './versions.js'
import { volumesDisk } from './volumes-disk.js'

/** Every check, in the order they are shown: the host, the directory, Docker, the network, then what runs. */
export const CHECKS: readonly Check[] = [
  nodeVersion,
  memory,
  disk,
  clock,
  config,
  fileModes,
  secrets,
  engine,
  composePlugin,
  containerMemory,
  containerLimits,
  volumesDisk,
  imageArchitecture,
  kernel,
  ports,
  firewall,
  dns,
  reachability,
  smtp,
  versions,
  signIn,
  migrations,
  archiving,
  components,
  backups,
  boot,
]
