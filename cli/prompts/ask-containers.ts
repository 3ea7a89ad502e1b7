import { given } from '../base/given.js'
import type { InitAnswers } from '../operations/init-deployment.js'
import { openPrompt, type PromptStreams } from './ask.js'

/** Checks one answer by the schema of vetrai.yml: true, or what is wrong. */
export type CheckAnswer = (field: keyof InitAnswers) => (value: string | number) => true | string

interface Choices {
  reach: 'local' | 'domain'
  store: 'built-in' | 's3'
  database: 'built-in' | 'own'
  cache: 'built-in' | 'own'
}

/** Asks what only a deployment of containers needs to know, and flags left open. */
export async function askContainers(
  said: InitAnswers,
  checked: CheckAnswer,
  streams?: PromptStreams,
): Promise<InitAnswers> {
  const prompt = await openPrompt(streams)
  const open = (field: keyof InitAnswers) => said[field] === undefined
  const { reach, store, database, cache, ...answers } = await prompt<InitAnswers & Choices>([
    {
      type: 'select',
      name: 'reach',
      message: 'Who shall reach it?',
      when: () => open('domain'),
      default: 'local',
      choices: [
        { name: 'this host only, by HTTP (a domain can come later)', value: 'local' },
        { name: 'everybody, by a domain name and HTTPS', value: 'domain' },
      ],
    },
    {
      type: 'input',
      name: 'domain',
      message: 'Domain name (its DNS must lead to this host):',
      when: ({ reach }) => reach === 'domain',
      validate: checked('domain'),
    },
    {
      type: 'input',
      name: 'certificate_email',
      message: 'E-mail for the authority that issues certificates (empty for none):',
      when: ({ reach }) => reach === 'domain' && open('certificate_email'),
    },
    {
      type: 'select',
      name: 'store',
      message: 'Where are files kept?',
      when: () => open('s3_endpoint') && open('objects'),
      default: 'built-in',
      choices: [
        { name: 'in an object store of its own', value: 'built-in' },
        { name: 'in an S3 of yours', value: 's3' },
      ],
    },
    ...s3Questions(checked),
    {
      type: 'select',
      name: 'database',
      message: 'Which PostgreSQL?',
      when: () => open('database_url'),
      default: 'built-in',
      choices: [
        { name: 'one of its own', value: 'built-in' },
        { name: 'a server of yours', value: 'own' },
      ],
    },
    {
      type: 'input',
      name: 'database_url',
      message: 'Its URL, without user and password:',
      when: ({ database }) => database === 'own',
      validate: checked('database_url'),
    },
    {
      type: 'select',
      name: 'cache',
      message: 'Which Redis?',
      when: () => open('redis_url'),
      default: 'built-in',
      choices: [
        { name: 'one of its own', value: 'built-in' },
        { name: 'a server of yours', value: 'own' },
      ],
    },
    {
      type: 'input',
      name: 'redis_url',
      message: 'Its URL, without password:',
      when: ({ cache }) => cache === 'own',
      validate: checked('redis_url'),
    },
    {
      type: 'confirm',
      name: 'monitoring',
      message: 'Run Prometheus and Grafana beside it?',
      when: () => open('monitoring'),
      default: false,
    },
  ])
  return given({ ...answers, certificate_email: answers.certificate_email || undefined }) as InitAnswers
}

/** The S3 of the operator's own; its secret key is read from a file, so that it is on no screen and in no history. */
function s3Questions(checked: CheckAnswer) {
  const isOwn = ({ store }: Partial<Choices>) => store === 's3'
  const filled = (value: string) => value !== '' || 'Please answer this one.'
  return [
    {
      type: 'input',
      name: 's3_endpoint',
      message: 'Its URL:',
      when: isOwn,
      validate: checked('s3_endpoint'),
    },
    { type: 'input', name: 's3_bucket', message: 'Bucket:', when: isOwn, validate: filled },
    { type: 'input', name: 's3_access_key', message: 'Access key:', when: isOwn, validate: filled },
    {
      type: 'input',
      name: 's3_secret_key_file',
      message: 'File that holds the secret key:',
      when: isOwn,
      validate: filled,
    },
  ] as const
}
