import type { z } from 'zod'
import type { Subscriber } from '../models/subscriber.js'
import type { Topic } from '../models/topic.js'
import type { subscriberView, topicView } from '../schemas/recipients.js'

/** A subscriber as the tenant told of them. */
export function presentSubscriber(subscriber: Subscriber): z.input<typeof subscriberView> {
  return {
    id: subscriber.id,
    external_id: subscriber.externalId,
    name: subscriber.name,
    email: subscriber.email,
    phone: subscriber.phone,
    locale: subscriber.locale,
    time_zone: subscriber.timeZone,
    data: subscriber.data as z.input<typeof subscriberView>['data'],
    created_at: subscriber.createdAt.toISOString(),
    updated_at: subscriber.updatedAt.toISOString(),
  }
}

/** A topic and how many are in it. */
export function presentTopic(topic: Topic): z.input<typeof topicView> {
  return {
    id: topic.id,
    key: topic.key,
    name: topic.name,
    subscribers: topic.subscribers,
    created_at: topic.createdAt.toISOString(),
    updated_at: topic.updatedAt.toISOString(),
  }
}
