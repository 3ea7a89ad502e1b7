import { stringify } from 'yaml'
import type { Deployment } from '../deployment/deployment.js'
import type { DeploymentConfig } from '../deployment/schema.js'

/** The configuration and where it is written. */
export interface ShownConfig {
  path: string
  config: DeploymentConfig
}

/** The whole configuration with every default filled in. */
export function showConfig(deployment: Deployment): ShownConfig {
  return { path: deployment.paths.config, config: deployment.config }
}

/** A configuration as YAML that vetrai.yml would accept. */
export function toYaml(config: DeploymentConfig): string {
  return stringify(config, { lineWidth: 110 })
}
