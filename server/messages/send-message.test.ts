import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { useServer } from '../../test/server.js'
import { backgroundContext } from '../kernel/context.js'
import { MailError } from '../outbound/mail.js'
import { readMailbox } from '../outbound/read-mailbox.js'
import { sendMessage } from './send-message.js'

const WELCOME = { link: 'https://app.example.com/x#token=y', expires_in: 604_800 }

describe('a mail of the installation', function () {
  this.timeout(60_000)
  const server = useServer({ settings: { VETRAI_LOCALE: 'de-AT', VETRAI_NAME: 'Example & Co' } })
  const context = () => backgroundContext(server.resources, 'test')

  it('speaks its language and bears its name', async () => {
    await sendMessage(context(), 'ada@example.com', 'welcome', WELCOME)
    const mail = (await readMailbox(server.mailbox)).at(-1)
    expect(mail).to.include({ to: 'ada@example.com', subject: 'Ihr Konto bei Example & Co' })
    expect(mail?.text).to.contain('Der Link gilt einmal, für 7 Tage.').and.contain(WELCOME.link)
    expect(mail?.html).to.contain(`href="${WELCOME.link}"`)
  })

  it('is given up where it can never arrive, and is tried again where it may', async () => {
    await sendMessage(context(), 'no address', 'welcome', WELCOME)
    expect(server.logs.join('')).to.contain('refused for good')
    const ctx = context()
    const mail = {
      ...ctx.mail,
      send: () =>
        Promise.reject(new MailError('outbound.mail_unavailable', 'The mail server is away.', true)),
    }
    const away = Object.create(ctx, { mail: { value: mail } })
    await expectRejection(sendMessage(away, 'ada@example.com', 'welcome', WELCOME), /away/)
  })
})
