import { given } from '../base/given.js'
import { checkConfig } from '../deployment/schema.js'
import { configOf, type InitAnswers } from '../operations/init-deployment.js'
import { openPrompt, type PromptStreams } from './ask.js'
import { askContainers } from './ask-containers.js'

/** What the wizard proposes where it cannot know. */
export interface InitDefaults {
  name: string
  operator_email: string
  port: number
}

type Field = keyof InitAnswers

/**
 * Asks for what the flags left open, and for no more than a first start needs: each answer is checked
 * as it is given, by the schema of vetrai.yml.
 */
export async function askInit(
  said: InitAnswers,
  defaults: InitDefaults,
  streams?: PromptStreams,
): Promise<InitAnswers> {
  const prompt = await openPrompt(streams)
  const open = (field: Field) => said[field] === undefined
  const checked = (field: Field) => (value: string | number) =>
    problemOf(said, defaults, field, value) ?? true

  const answers = await prompt<InitAnswers & { mail: 'folder' | 'smtp' }>([
    {
      type: 'select',
      name: 'runtime',
      message: 'How shall it run?',
      when: () => open('runtime'),
      default: 'embedded',
      choices: [
        { name: 'without Docker, to try it or for a small host', value: 'embedded' },
        { name: 'as containers, with a proxy and HTTPS (needs Docker)', value: 'compose' },
      ],
    },
    {
      type: 'input',
      name: 'name',
      message: 'Name of this deployment:',
      default: defaults.name,
      when: () => open('name'),
      validate: checked('name'),
    },
    {
      type: 'input',
      name: 'operator_email',
      message: 'Your e-mail (you sign in with it):',
      when: () => open('operator_email'),
      validate: checked('operator_email'),
    },
    {
      type: 'number',
      name: 'port',
      message: 'Port on 127.0.0.1:',
      default: defaults.port,
      when: () => open('port'),
      validate: (value) => checked('port')(value ?? 0),
    },
    {
      type: 'select',
      name: 'signup',
      message: 'Who may create an account?',
      when: () => open('signup'),
      default: 'invite',
      choices: [
        { name: 'only people who are invited', value: 'invite' },
        { name: 'everybody', value: 'open' },
      ],
    },
    {
      type: 'select',
      name: 'mail',
      message: 'Where does mail go?',
      when: () => open('smtp_host'),
      default: 'folder',
      choices: [
        { name: 'into a folder, to look at (no mail server yet)', value: 'folder' },
        { name: 'out, through an SMTP server', value: 'smtp' },
      ],
    },
    {
      type: 'input',
      name: 'smtp_host',
      message: 'SMTP server:',
      when: ({ mail }) => mail === 'smtp',
      validate: checked('smtp_host'),
    },
    {
      type: 'number',
      name: 'smtp_port',
      message: 'SMTP port:',
      default: 587,
      when: ({ mail }) => mail === 'smtp' && open('smtp_port'),
    },
    {
      type: 'input',
      name: 'smtp_user',
      message: 'SMTP user (empty for none):',
      when: ({ mail }) => mail === 'smtp' && open('smtp_user'),
    },
    {
      type: 'input',
      name: 'mail_from',
      message: 'Sender of the mails:',
      default: 'VetrAI <no-reply@localhost>',
      when: ({ mail }) => mail === 'smtp' && open('mail_from'),
    },
  ])
  const { mail, ...answered } = answers
  const basic = { ...(given(answered) as InitAnswers), ...said }
  if (basic.runtime !== 'compose') return basic
  return { ...basic, ...(await askContainers(basic, checked, streams)) }
}

/** What is wrong with one answer, in the words of the schema; undefined when nothing is. */
export function problemOf(
  said: InitAnswers,
  defaults: InitDefaults,
  field: Field,
  value: string | number,
): string | undefined {
  const others = { ...defaults, ...said, [field]: undefined }
  const before = problems(others)
  const fresh = problems({ ...others, [field]: value }).filter((problem) => !before.includes(problem))
  return value === '' ? 'Please answer this one.' : fresh[0]
}

function problems(answers: InitAnswers): string[] {
  const checked = checkConfig(configOf(answers))
  return checked.ok ? [] : checked.problems.map(({ message }) => message)
}
