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
    '# How it runs: embedded needs no Docker, compose is the appliance of containers.',
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
    '# Uploaded files: file keeps them in objects/, built-in runs an S3 store (compose), s3 needs endpoint, region,',
    '# bucket and access_key.',
    block({ objects: config.objects }),
    '',
    '# Without mail.smtp every mail is written to mail/. With it: host, port, user, secure;',
    '# the password goes to secrets/smtp-password.',
    block({ mail: config.mail }),
    '',
    '# Background jobs: processes 0 has the server run them; more take them off it.',
    block({ workers: config.workers }),
    '',
    ...containerBlocks(config),
    '# Backups, sealed for the recovery key that was printed once and for secrets/backup-key. They go to every target: a',
    '# folder, or s3 with endpoint, bucket, prefix and access_key, its secret key in secrets/backup-NAME-secret-key.',
    '# Cron patterns of five fields say when: schedule makes backups, drill restores the newest to see that it can be.',
    block({ backup: config.backup }),
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

/** What only containers have is not shown to those who run none. */
function containerBlocks({ runtime, proxy, monitoring, images, resources }: DeploymentConfig): string[] {
  if (runtime === 'embedded') return []
  return [
    '# The proxy in front. With proxy.domain it serves HTTPS on http_port and https_port of host; without it HTTP on',
    '# host:port above. certificates: public (ACME) or internal (an authority of its own).',
    block({ proxy }),
    '',
    '# Prometheus and Grafana on ports of 127.0.0.1. Grafana’s password is in secrets/grafana-admin-password.',
    block({ monitoring }),
    '',
    '# Images in place of the usual ones: images.mirror for all, images.postgres and so on for one.',
    block({ images }),
    '',
    '# Memory in MB that containers are sized for.',
    block({ resources }),
    '',
  ]
}

function block(value: object): string {
  return stringify(value, { lineWidth: 110 }).trimEnd()
}

function optional(value: string | undefined, key: string, example: string, comment: string): string {
  return `# ${comment}\n${value === undefined ? `# ${key}: ${example}` : block({ [key]: value })}\n`
}
