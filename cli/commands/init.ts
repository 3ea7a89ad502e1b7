import { access } from 'node:fs/promises'
import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../base/deployment-command.js'
import { given } from '../base/given.js'
import { missingAnswers } from '../base/usage-error.js'
import { CliError } from '../deployment/errors.js'
import { deploymentPaths } from '../deployment/paths.js'
import type { InitAnswers, InitResult } from '../operations/init-deployment.js'
import { initView } from '../views/init-view.js'

export default class Init extends DeploymentCommand {
  static override summary = 'create a deployment, asking what it needs to know'
  static override description =
    'Makes the directory with vetrai.yml and generated secrets; nothing is started. Prints the recovery key once: it opens the backups when this host is lost, and is kept nowhere. Every question has a flag and a variable. Without a terminal --name and --operator-email are required, unless --yes takes the safe defaults. An existing deployment is never touched.'
  static override flags = {
    name: Flags.string({ description: 'name of the deployment', env: 'VETRAI_NAME' }),
    runtime: Flags.option({ options: ['embedded', 'compose'] as const })({
      description: 'embedded needs no Docker; compose is the appliance of containers',
      env: 'VETRAI_RUNTIME',
    }),
    'operator-email': Flags.string({ description: 'e-mail of the operator', env: 'VETRAI_OPERATOR_EMAIL' }),
    host: Flags.string({ description: 'address the server listens on', env: 'VETRAI_HOST' }),
    port: Flags.integer({
      description: 'port the server listens on',
      env: 'VETRAI_PORT',
      min: 1,
      max: 65_535,
    }),
    'public-url': Flags.string({ description: 'URL that clients use', env: 'VETRAI_PUBLIC_URL' }),
    signup: Flags.option({ options: ['open', 'invite'] as const })({
      description: 'who may create an account',
      env: 'VETRAI_SIGNUP',
    }),
    'mail-from': Flags.string({ description: 'sender of every mail', env: 'VETRAI_MAIL_FROM' }),
    'smtp-host': Flags.string({ description: 'SMTP server for outgoing mail', env: 'VETRAI_SMTP_HOST' }),
    'smtp-port': Flags.integer({ description: 'its port', env: 'VETRAI_SMTP_PORT', min: 1, max: 65_535 }),
    'smtp-user': Flags.string({ description: 'login at the SMTP server', env: 'VETRAI_SMTP_USER' }),
    'smtp-secure': Flags.boolean({ description: 'TLS from the first byte', env: 'VETRAI_SMTP_SECURE' }),
    'smtp-password-file': Flags.file({
      description: 'file that holds the SMTP password',
      env: 'VETRAI_SMTP_PASSWORD_FILE',
      exists: true,
    }),
    'database-url': Flags.string({
      description: 'a PostgreSQL of your own, without a password in it',
      env: 'VETRAI_DATABASE_URL',
    }),
    'redis-url': Flags.string({
      description: 'a Redis of your own, without a password in it',
      env: 'VETRAI_REDIS_URL',
    }),
    's3-endpoint': Flags.string({ description: 'S3-compatible store for files', env: 'VETRAI_S3_ENDPOINT' }),
    's3-region': Flags.string({ description: 'its region', env: 'VETRAI_S3_REGION' }),
    's3-bucket': Flags.string({ description: 'its bucket', env: 'VETRAI_S3_BUCKET' }),
    's3-access-key': Flags.string({ description: 'its access key', env: 'VETRAI_S3_ACCESS_KEY' }),
    's3-secret-key-file': Flags.file({
      description: 'file that holds its secret key',
      env: 'VETRAI_S3_SECRET_KEY_FILE',
      exists: true,
    }),
    objects: Flags.option({ options: ['file', 'built-in'] as const })({
      description: 'where files are kept without an S3 of your own (compose: built-in)',
      env: 'VETRAI_OBJECTS',
    }),
    'objects-engine': Flags.option({ options: ['silo', 'seaweedfs'] as const })({
      description: 'what the built-in object store is',
      env: 'VETRAI_OBJECTS_ENGINE',
    }),
    domain: Flags.string({
      description: 'domain name; with it the proxy serves HTTPS (compose)',
      env: 'VETRAI_DOMAIN',
    }),
    'certificate-email': Flags.string({
      description: 'e-mail for the authority that issues certificates (compose)',
      env: 'VETRAI_CERTIFICATE_EMAIL',
    }),
    certificates: Flags.option({ options: ['public', 'internal'] as const })({
      description: 'from a public authority, or one of the proxy’s own (compose)',
      env: 'VETRAI_CERTIFICATES',
    }),
    'http-port': Flags.integer({
      description: 'port for HTTP with a domain (compose)',
      env: 'VETRAI_HTTP_PORT',
      min: 1,
      max: 65_535,
    }),
    'https-port': Flags.integer({
      description: 'port for HTTPS with a domain (compose)',
      env: 'VETRAI_HTTPS_PORT',
      min: 1,
      max: 65_535,
    }),
    monitoring: Flags.boolean({
      description: 'run Prometheus and Grafana (compose)',
      env: 'VETRAI_MONITORING',
      allowNo: true,
    }),
    grafana: Flags.boolean({
      description: 'run Grafana beside Prometheus (compose)',
      env: 'VETRAI_GRAFANA',
      allowNo: true,
    }),
    'memory-mb': Flags.integer({
      description: 'memory in MB that containers are sized for; what the host has without it (compose)',
      env: 'VETRAI_MEMORY_MB',
      min: 1_024,
    }),
    'recovery-recipient': Flags.string({
      description: 'recipient (age1…) of a recovery key of your own, instead of one that is made and printed',
      env: 'VETRAI_RECOVERY_RECIPIENT',
      helpValue: 'RECIPIENT',
    }),
    mirror: Flags.string({
      description: 'registry in place of the usual one (compose)',
      env: 'VETRAI_MIRROR',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name acme-prod --operator-email ops@acme.example --dir /srv/vetrai',
    '<%= config.bin %> <%= command.id %> --runtime compose --domain api.example.com --certificate-email ops@example.com --yes',
    '<%= config.bin %> <%= command.id %> --yes --json',
  ]
  static override jsonDoc = {
    name: 'name of the deployment',
    dir: 'its directory',
    url: 'URL it will have',
    operator_email: 'e-mail the operator signs in with',
    password_file: 'file that holds the generated password',
    recovery_key:
      'the key that opens the backups when this host is lost, given this once: keep it elsewhere; null with --recovery-recipient',
  }

  async run(): Promise<InitResult> {
    const { flags } = await this.parse(Init)
    await refuseExisting(this.deploymentDir)
    const answers = await this.complete(answersOf(flags))
    const [{ initDeployment }, { noteKeySeen }] = await Promise.all([
      import('../operations/init-deployment.js'),
      import('../operations/backup/recovery-key.js'),
    ])
    const result = this.show(await initDeployment(this.deploymentDir, answers), initView)
    if (result.recovery_key !== null) await noteKeySeen(await this.deployment())
    return result
  }

  /** Asks for what is missing, or names it where nobody can be asked. */
  private async complete(answers: InitAnswers): Promise<InitAnswers> {
    if (this.globals.yes) return answers
    if (this.mayAsk) {
      const [{ askInit }, { suggestInit }] = await Promise.all([
        import('../prompts/ask-init.js'),
        import('../operations/suggest-init.js'),
      ])
      return askInit(answers, await suggestInit(this.deploymentDir))
    }
    const missing = REQUIRED.filter(({ field }) => answers[field] === undefined)
    if (missing.length > 0) throw missingAnswers(missing)
    return answers
  }
}

const REQUIRED = [
  { field: 'name', flag: '--name', env: 'VETRAI_NAME' },
  { field: 'operator_email', flag: '--operator-email', env: 'VETRAI_OPERATOR_EMAIL' },
] as const

/** `--operator-email` is the answer `operator_email`, and so on; the global flags are no answers. */
function answersOf(flags: Record<string, unknown>): InitAnswers {
  const { dir, json, 'no-color': noColor, quiet, yes, ...answers } = flags
  const named = Object.entries(answers).map(([flag, value]) => [flag.replaceAll('-', '_'), value] as const)
  return given(Object.fromEntries(named)) as InitAnswers
}

async function refuseExisting(dir: string): Promise<void> {
  const there = await access(deploymentPaths(dir).config).then(
    () => true,
    () => false,
  )
  if (!there) return
  throw new CliError({
    code: 'deployment_exists',
    message: `${dir} already holds a deployment.`,
    next: 'Start it with `vetrai up`, or choose another directory with --dir.',
    exitCode: 4,
  })
}
