import { defineErrors } from '../../../kernel/define-errors.js'

/** What the channels refuse: addresses, reports of providers, links. */
export const channelErrors = defineErrors('notifications', {
  suppressionNotFound: {
    status: 404,
    message: 'There is no such suppression here.',
    next: 'GET /notifications/v1/suppressions lists them.',
  },
  addressRefused: {
    status: 422,
    message: (d: { channel: string }) => `This is no address that ${d.channel} could be sent to.`,
    next: 'Give a bare e-mail address, a number such as +4915123456789, or the https endpoint of a push subscription.',
  },
  subscriptionRefused: {
    status: 422,
    message: (d: { reason: string }) => `This push subscription cannot be kept. ${d.reason}`,
    next: 'Send what PushManager.subscribe gave: endpoint, keys.p256dh and keys.auth.',
  },
  signatureRefused: {
    status: 403,
    message: 'The signature is missing, wrong or too old.',
    next: 'Sign the exact body with the secret that the operator set, at the time of sending.',
  },
  reportUnreadable: {
    status: 422,
    message: 'This is no delivery status notification or feedback report.',
    next: 'Post the bounced message as it arrived (multipart/report, RFC 3464 or RFC 5965).',
  },
  linkRefused: {
    status: 404,
    title: 'This link is not complete',
    message: 'The link was cut or changed on its way, so that it no longer says whose messages to stop.',
    next: 'Open it once more from the message itself, or copy it whole.',
  },
})
