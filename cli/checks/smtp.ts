import { type Check, fail, ok, warn } from './check.js'

/** Mail gets out: the server is there, speaks TLS as configured and lets us sign in. */
export const smtp: Check = {
  name: 'smtp',
  title: 'Outgoing mail',
  stages: ['doctor'],
  remedy: 'See every step: vetrai smtp test',
  run: async ({ deployment, mailTo }) => {
    if (!deployment) return undefined
    const { mail } = deployment.config
    if (!mail.smtp) {
      return mailTo === undefined
        ? undefined
        : fail(
            'no test mail was sent: there is no mail server',
            'Name one: vetrai config set mail.smtp.host HOST',
          )
    }
    const { smtpServerOf, testMailOf, testSmtp } = await import('../operations/test-smtp.js')
    const test = testMailOf(deployment, mailTo)
    const { steps, host, port } = await testSmtp(await smtpServerOf(deployment), test)
    const bad = steps.find(({ level }) => level === 'fail') ?? steps.find(({ level }) => level === 'warn')
    if (bad) {
      const detail = `${host}:${port}, ${bad.title.toLowerCase()}: ${bad.detail}`
      return (bad.level === 'fail' ? fail : warn)(detail, bad.remedy ?? undefined)
    }
    const last = steps.at(-1)
    return ok(last?.name === 'send' ? last.detail : `${host}:${port} takes mail`)
  },
}
