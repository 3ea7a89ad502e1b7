import { z } from 'zod'

/** What a bounce provider or SMS provider is answered. */
export const takenView = z
  .strictObject({
    taken: z.int().describe('Reports that were about our messages or addresses.'),
    ignored: z.int().describe('Reports about anything else.'),
  })
  .meta({ id: 'ReportsTaken' })

const code = z.string().max(40).optional().describe('Code of the mail server or provider, e.g. `5.1.1`.')

/** Reports in our own form. */
export const customReportBody = z.strictObject({
  events: z
    .array(
      z.strictObject({
        type: z.enum(['bounce', 'complaint', 'delivery', 'deferral']),
        address: z.string().min(3).max(320),
        message_id: z.string().max(998).optional().describe('Message-ID of the mail; it names the delivery.'),
        permanent: z
          .boolean()
          .default(false)
          .describe('Of a bounce: there is no such mailbox, so that nothing is to be sent there again.'),
        code,
      }),
    )
    .min(1)
    .max(100),
})
export type CustomReport = z.infer<typeof customReportBody>

/** What is read of a Mailgun webhook; it holds more. */
export const mailgunBody = z.looseObject({
  signature: z.looseObject({
    timestamp: z.string().max(20),
    token: z.string().max(100),
    signature: z.string().max(128),
  }),
  'event-data': z.looseObject({
    event: z.string().max(40),
    severity: z.string().max(40).optional(),
    reason: z.string().max(200).optional(),
    recipient: z.string().max(320),
    envelope: z.looseObject({ sender: z.string().max(320).optional() }).optional(),
    message: z
      .looseObject({ headers: z.looseObject({ 'message-id': z.string().max(998).optional() }).optional() })
      .optional(),
    'delivery-status': z
      .looseObject({
        code: z.int().optional(),
        'enhanced-code': z.string().max(20).nullish(),
        message: z.string().max(4_000).nullish(),
        description: z.string().max(4_000).nullish(),
      })
      .optional(),
  }),
})
export type MailgunReport = z.infer<typeof mailgunBody>

const text = z.string().max(4_096)

/** An envelope of Amazon SNS. */
export const snsEnvelope = z.looseObject({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: text,
  TopicArn: text,
  Message: z.string().max(262_144),
  Timestamp: text,
  SignatureVersion: z.enum(['1', '2']),
  Signature: text,
  SigningCertURL: text,
  Subject: text.optional(),
  Token: text.optional(),
  SubscribeURL: text.optional(),
})
export type SnsEnvelope = z.infer<typeof snsEnvelope>

const sesRecipient = z.looseObject({
  emailAddress: z.string().max(320),
  status: z.string().max(20).optional(),
  diagnosticCode: z.string().max(4_000).optional(),
})

/** What is read of a notification of Amazon SES, in both of its forms. */
export const sesMessage = z.looseObject({
  notificationType: z.string().max(40).optional(),
  eventType: z.string().max(40).optional(),
  mail: z.looseObject({
    source: z.string().max(320).optional(),
    headers: z
      .array(z.looseObject({ name: z.string(), value: z.string() }))
      .max(200)
      .optional(),
  }),
  bounce: z
    .looseObject({ bounceType: z.string().max(40), bouncedRecipients: z.array(sesRecipient).max(100) })
    .optional(),
  complaint: z.looseObject({ complainedRecipients: z.array(sesRecipient).max(100) }).optional(),
  delivery: z.looseObject({ recipients: z.array(z.string().max(320)).max(100) }).optional(),
})
export type SesMessage = z.infer<typeof sesMessage>

export const twilioStatusQuery = z.strictObject({
  reference: z.string().max(100).describe('Name of the message, as it was given with it.'),
})
export const twilioHeaders = z.object({ 'x-twilio-signature': z.string().max(200).optional() })

/** What is read of a status callback; it holds more. */
export const twilioStatusBody = z.looseObject({
  MessageStatus: z.string().max(40),
  To: z.string().max(40),
  ErrorCode: z.string().max(20).optional(),
})
export type TwilioStatus = z.infer<typeof twilioStatusBody>

/** A report of the provider behind SMS_HTTP_URL. */
export const smsReportBody = z.strictObject({
  reference: z.string().max(100).describe('The `reference` of the message, as it was posted.'),
  to: z.string().min(3).max(40),
  status: z.enum(['delivered', 'failed', 'deferred']),
  code,
  reason: z
    .enum(['invalid_number', 'opted_out'])
    .optional()
    .describe('Why nothing is to be sent to the number again.'),
})
export type SmsReport = z.infer<typeof smsReportBody>
