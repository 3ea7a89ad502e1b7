import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { defineState } from '../../../kernel/resources.js'
import { OutboundError } from '../../../outbound/errors.js'
import { channelErrors } from '../errors/channels.js'
import { isOfSns, isSignedBySns, readSes } from '../reports/ses.js'
import { sesMessage, snsEnvelope } from '../schemas/reports.js'
import { recordAll, type Taken } from './take-reports.js'

/** Certificates of Amazon SNS by their address; there are a few a year. */
export const snsCertificates = defineState('notifications.sns-certificates', () => new Map<string, string>())
const CERTIFICATES_MAX = 16

const NOTHING: Taken = { taken: 0, ignored: 1 }

/**
 * Takes a notification of Amazon SES that came by the one SNS topic the operator set, and confirms the topic's
 * subscription by itself. Without a topic there is no such address. Call it outside of transactions: it may fetch.
 */
export async function takeSes(ctx: Ctx, raw: Buffer): Promise<Taken> {
  const topic = ctx.config.BOUNCE_SES_TOPIC
  if (!topic) throw new kernelErrors.NotFound()
  const envelope = snsEnvelope.safeParse(jsonOf(raw))
  if (!envelope.success) throw new channelErrors.ReportUnreadable()
  const { data } = envelope
  if (data.TopicArn !== topic || !isOfSns(data.SigningCertURL)) throw new channelErrors.SignatureRefused()
  if (!isSignedBySns(data, await certificateAt(ctx, data.SigningCertURL)))
    throw new channelErrors.SignatureRefused()

  if (data.Type === 'SubscriptionConfirmation') return confirm(ctx, data.SubscribeURL)
  const message = sesMessage.safeParse(jsonOf(Buffer.from(data.Message)))
  if (data.Type !== 'Notification' || !message.success) return NOTHING
  const reports = readSes(message.data)
  return reports.length > 0 ? recordAll(ctx, reports) : NOTHING
}

async function confirm(ctx: Ctx, url: string | undefined): Promise<Taken> {
  if (url === undefined || !isOfSns(url)) throw new channelErrors.SignatureRefused()
  await fetchText(ctx, url)
  ctx.log.info({ topic: ctx.config.BOUNCE_SES_TOPIC }, 'the subscription to the SNS topic is confirmed')
  return { taken: 1, ignored: 0 }
}

async function certificateAt(ctx: Ctx, url: string): Promise<string> {
  const known = ctx.state(snsCertificates)
  const certificate = known.get(url) ?? (await fetchText(ctx, url))
  if (known.size >= CERTIFICATES_MAX) known.clear()
  known.set(url, certificate)
  return certificate
}

/** Throws 503 where Amazon cannot be reached, so that SNS tries again. */
async function fetchText(ctx: Ctx, url: string): Promise<string> {
  try {
    const answer = await ctx.fetch.fetch(url, { redirect: 'manual', maxBytes: 65_536, timeoutMs: 5_000 })
    if (answer.ok) return answer.text()
    throw new kernelErrors.Unavailable({ what: 'Amazon SNS' })
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    ctx.log.warn({ code: error.code }, 'Amazon SNS cannot be reached')
    throw new kernelErrors.Unavailable({ what: 'Amazon SNS' })
  }
}

function jsonOf(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString())
  } catch {
    return undefined
  }
}
