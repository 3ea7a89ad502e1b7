import { stringify } from 'yaml'
import type { DeploymentConfig } from './schema.js'

/** Writes a commented vetrai.yml that says what is set and shows what could be. */
export function renderConfig(config: DeploymentConfig): string {
  return `${[
    '# VetrAI deployment: the desired state. Edit, then run: vetrai up',
    '# One key by command: vetrai config set port 8001. Secrets are not here but in secrets/.',
    block({ version: config.version }),
    '# Asked for when the deployment is destroyed.',
    block({ name: config.name }),
    '# How it runs: embedded needs no Docker.',
    block({ runtime: config.runtime }),
    '',
    '# Where the server listens. Keep 127.0.0.1 unless a firewall or proxy guards the port.',
    block({ host: config.host, port: config.port }),
    optional(
      config.public_url,
      'public_url',
      'https://api.example.com',
      'URL that browsers and clients use.',
    ),
    '# The first super_admin. The password is in secrets/operator-password.',
    block({ operator: config.operator }),
    '',
    '# database.url and redis.url name servers of your own; left out, private ones run. Their passwords go to',
    '# secrets/external-postgres-password and secrets/external-redis-password.',
    block({ database: config.database, redis: config.redis }),
    '',
    '# Uploaded files: file keeps them in objects/, s3 needs endpoint, region, bucket and access_key.',
    block({ objects: config.objects }),
    '',
    '# Without mail.smtp every mail is written to mail/. With it: host, port, user, secure;',
    '# the password goes to secrets/smtp-password.',
    block({ mail: config.mail }),
    '',
    '# Background jobs: processes 0 has the server run them; more take them off it.',
    block({ workers: config.workers }),
    '',
    '# Who may create an account: open or invite.',
    block({ auth: config.auth }),
    '',
    block({ log: config.log }),
    '',
    '# Web origins that may call the API, and the addresses or CIDRs of your reverse proxies.',
    block({ cors_origins: config.cors_origins, trust_proxy: config.trust_proxy }),
    '',
    '# Further server settings by NAME: value; see the configuration reference.',
    block({ settings: config.settings }),
  ].join('\n')}\n`
}

function block(value: object): string {
  return stringify(value, { lineWidth: 110 }).trimEnd()
}

function optional(value: string | undefined, key: string, example: string, comment: string): string {
  return `# ${comment}\n${value === undefined ? `# ${key}: ${example}` : block({ [key]: value })}\n`
}
