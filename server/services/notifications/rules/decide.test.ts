import { expect } from 'chai'
import fc from 'fast-check'
import { CHANNELS, type Channel } from '../channel.js'
import type { Category, Switches } from './categories.js'
import {
  type AddressState,
  decide,
  type Plan,
  type RecipientFacts,
  type Surroundings,
  type Verdict,
} from './decide.js'
import { NO_PREFERENCES } from './preferences.js'
import { quietUntil } from './quiet-hours.js'

const NOON = new Date('2026-11-25T12:00:00Z')
const NIGHT = new Date('2026-11-25T23:30:00Z')
const QUIET = { from: '22:00', to: '07:00' }

const CATEGORY: Category = {
  ...{ key: 'product', name: 'Product', description: '', critical: false, consent: 'opt_out' },
  ...{ channels: {}, throttle: null, digest: null },
}

function planOf(steps: (Channel | [Channel, number])[], more: Partial<Plan> = {}): Plan {
  return {
    ...{ category: CATEGORY, templateKey: 'announcement', isChain: false, throttles: [], digest: null },
    worded: new Set(CHANNELS),
    steps: steps.map((step) =>
      typeof step === 'string' ? { channel: step, afterS: 0 } : { channel: step[0], afterS: step[1] },
    ),
    ...more,
  }
}

const REACHABLE = { in_app: 'ok', email: 'ok', sms: 'ok', push: 'ok', webhook: 'ok' } as const

function recipientOf(more: Partial<RecipientFacts> = {}): RecipientFacts {
  return { addresses: REACHABLE, timeZone: 'UTC', preferences: NO_PREFERENCES, used: new Map(), ...more }
}

function aroundOf(more: Partial<Surroundings> = {}): Surroundings {
  return {
    ...{ now: NOON, installation: { channels: {}, categories: {} }, tenant: NO_PREFERENCES },
    offered: new Set(CHANNELS),
    ...more,
  }
}

function brief({ channel, action, at, rules }: Verdict): string {
  return `${channel} ${action}${at ? ` ${at.toISOString().slice(11, 16)}` : ''} by ${rules.at(-1)}`
}

function verdicts(plan: Plan, recipient = recipientOf(), around = aroundOf()): string[] {
  return decide(plan, recipient, around).verdicts.map(brief)
}

const off = (channel: Channel) => ({ ...NO_PREFERENCES, channels: { [channel]: false } })
const offFor = (channel: Channel, isOn = false) => ({
  ...NO_PREFERENCES,
  categories: { product: { [channel]: isOn } },
})

describe('deciding what a recipient gets', () => {
  it('sends on every channel where nobody says no', () => {
    expect(verdicts(planOf(['in_app', 'email']))).to.deep.equal([
      'in_app send by default_on',
      'email send by default_on',
    ])
  })

  const optIn = { ...CATEGORY, consent: 'opt_in' } as const
  const mail = planOf(['email'])
  for (const [title, expected, plan, recipient, around] of [
    ['the operator', 'email skip by installation_off', mail, {}, { installation: off('email') }],
    [
      'the operator, for a category',
      'email skip by installation_off',
      mail,
      {},
      { installation: offFor('email') },
    ],
    [
      'the organisation',
      'email skip by tenant_off',
      mail,
      { preferences: offFor('email', true) },
      { tenant: off('email') },
    ],
    [
      'the recipient, for a channel',
      'email skip by recipient_off',
      mail,
      { preferences: { ...offFor('email', true), channels: { email: false } } },
      {},
    ],
    [
      'the recipient, for a category',
      'email skip by category_off',
      mail,
      { preferences: offFor('email') },
      {},
    ],
    [
      'the default of the category',
      'email skip by category_default_off',
      planOf(['email'], { category: { ...CATEGORY, channels: { email: false } } }),
      {},
      {},
    ],
    ['missing consent', 'email skip by no_consent', planOf(['email'], { category: optIn }), {}, {}],
    [
      'a template without words',
      'email skip by no_words',
      planOf(['email'], { worded: new Set(['sms']) }),
      {},
      {},
    ],
    ['a missing provider', 'email skip by not_offered', mail, {}, { offered: new Set(['in_app']) }],
    [
      'a missing address',
      'email skip by no_address',
      mail,
      { addresses: { ...REACHABLE, email: 'no_address' } },
      {},
    ],
    [
      'a suppressed address',
      'email skip by suppressed',
      mail,
      { addresses: { ...REACHABLE, email: 'suppressed' } },
      {},
    ],
    [
      'a throttle that is used up',
      'email skip by throttled',
      planOf(['email'], { throttles: [{ key: 'k', limit: 2, windowS: 60 }] }),
      { used: new Map([['k', 2]]) },
      {},
    ],
  ] as [string, string, Plan, Partial<RecipientFacts>, Partial<Surroundings>][]) {
    it(`is stopped by ${title}`, () => {
      expect(verdicts(plan, recipientOf(recipient), aroundOf(around))).to.deep.equal([expected])
    })
  }

  it('takes a recipient’s choice for a category over its default and as consent', () => {
    const recipient = recipientOf({ preferences: offFor('email', true) })
    const defaultOff = { ...CATEGORY, channels: { email: false } }
    expect(verdicts(planOf(['email'], { category: optIn }), recipient)).to.deep.equal([
      'email send by chosen',
    ])
    expect(verdicts(planOf(['email'], { category: defaultOff }), recipient)).to.deep.equal([
      'email send by chosen',
    ])
  })

  it('waits for the end of quiet hours where a device would ring, and nowhere else', () => {
    const recipient = recipientOf({ preferences: { ...NO_PREFERENCES, quietHours: QUIET } })
    expect(
      verdicts(planOf(['in_app', 'push', 'webhook']), recipient, aroundOf({ now: NIGHT })),
    ).to.deep.equal([
      'in_app send by default_on',
      'push delay 07:00 by quiet_hours',
      'webhook send by default_on',
    ])
  })

  it('keeps the quiet hours of the organisation for who chose none, in the recipient’s own zone', () => {
    const around = aroundOf({ now: NIGHT, tenant: { ...NO_PREFERENCES, quietHours: QUIET } })
    const [inTokyo, own] = [
      recipientOf({ timeZone: 'Asia/Tokyo' }),
      recipientOf({ preferences: { ...NO_PREFERENCES, quietHours: { from: '12:00', to: '13:00' } } }),
    ]
    expect(verdicts(planOf(['sms']), inTokyo, around)).to.deep.equal(['sms send by default_on'])
    expect(verdicts(planOf(['sms']), own, around)).to.deep.equal(['sms send by default_on'])
    expect(verdicts(planOf(['sms']), recipientOf(), around)).to.deep.equal(['sms delay 07:00 by quiet_hours'])
  })

  it('collects on the channels of a digest and sends on others', () => {
    const digest = { key: 'k', windowS: 3_600, channels: ['email'] as Channel[] }
    expect(verdicts(planOf(['in_app', 'email'], { digest }))).to.deep.equal([
      'in_app send by default_on',
      'email digest 13:00 by digest',
    ])
  })

  it('closes a digest by cron at the hour of the recipient’s zone', () => {
    const digest = { key: 'k', cron: '0 8 * * *', channels: ['email'] as Channel[] }
    const recipient = recipientOf({ timeZone: 'Asia/Tokyo' })
    expect(verdicts(planOf(['email'], { digest }), recipient)).to.deep.equal(['email digest 23:00 by digest'])
  })

  describe('in a chain', () => {
    const chain = planOf(['in_app', ['email', 600], ['sms', 3_600]], { isChain: true })

    it('has each step wait for the one before to stay unread', () => {
      expect(verdicts(chain)).to.deep.equal([
        'in_app send by default_on',
        'email wait 12:10 by fallback_unread',
        'sms wait 13:10 by fallback_unread',
      ])
    })

    it('goes on at once where a step cannot reach, and then only where one fails', () => {
      const recipient = recipientOf({ preferences: off('in_app') })
      expect(verdicts(chain, recipient)).to.deep.equal([
        'in_app skip by recipient_off',
        'email send by default_on',
        'sms wait by fallback_failed',
      ])
    })

    it('counts from the end of quiet hours', () => {
      const recipient = recipientOf({
        preferences: { ...off('in_app'), quietHours: QUIET },
      })
      const pushFirst = planOf(['push', 'in_app', ['email', 600]], { isChain: true })
      expect(verdicts(pushFirst, recipient, aroundOf({ now: NIGHT }))).to.deep.equal([
        'push delay 07:00 by quiet_hours',
        'in_app skip by recipient_off',
        'email wait by fallback_failed',
      ])
    })
  })

  describe('for any wishes', () => {
    const switches: fc.Arbitrary<Switches> = fc.dictionary(fc.constantFrom(...CHANNELS), fc.boolean(), {
      noNullPrototype: true,
    })
    const board = fc.record({
      channels: switches,
      categories: fc.dictionary(fc.constantFrom('product', 'security'), switches, { noNullPrototype: true }),
    })
    const quietHours = fc.option(fc.constantFrom(QUIET, { from: '09:00', to: '17:30' }))
    const timeZone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu')
    const preferences = fc.record({
      ...boardFields(),
      quietHours,
      timeZone: fc.constant(null),
      locale: fc.constant(null),
    })
    const states = fc.constantFrom<AddressState>(
      'ok',
      'ok',
      'ok',
      'no_address',
      'address_unverified',
      'suppressed',
    )
    const category = fc.record({
      key: fc.constant('product'),
      name: fc.constant(''),
      description: fc.constant(''),
      critical: fc.boolean(),
      consent: fc.constantFrom('opt_out' as const, 'opt_in' as const),
      channels: switches,
      throttle: fc.constant(null),
      digest: fc.constant(null),
    })
    const steps = fc
      .uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1 })
      .chain((list) =>
        fc.tuple(
          ...list.map((channel) => fc.record({ channel: fc.constant(channel), afterS: fc.nat(7_200) })),
        ),
      )
    const digest = fc.option(
      fc.record({
        key: fc.constant('k'),
        windowS: fc.integer({ min: 10, max: 86_400 }),
        channels: fc.subarray([...CHANNELS]),
      }),
    )
    const plan: fc.Arbitrary<Plan> = fc.record({
      category,
      templateKey: fc.constant('t'),
      isChain: fc.boolean(),
      steps,
      worded: fc.subarray([...CHANNELS], { minLength: 3 }).map((list) => new Set(list)),
      throttles: fc.subarray([{ key: 'a', limit: 2, windowS: 60 }]),
      digest,
    })
    const recipient: fc.Arbitrary<RecipientFacts> = fc.record({
      addresses: fc.record({
        in_app: fc.constant('ok' as const),
        webhook: fc.constant('ok' as const),
        email: states,
        sms: states,
        push: states,
      }),
      timeZone,
      preferences,
      used: fc.nat(3).map((used) => new Map([['a', used]])),
    })
    const around: fc.Arbitrary<Surroundings> = fc.record({
      now: fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }).map((at) => new Date(at)),
      installation: board,
      tenant: preferences,
      offered: fc.subarray([...CHANNELS], { minLength: 3 }).map((list) => new Set(list)),
    })

    function boardFields() {
      return {
        channels: switches,
        categories: fc.dictionary(fc.constantFrom('product', 'security'), switches, {
          noNullPrototype: true,
        }),
      }
    }

    const check = (holds: (plan: Plan, recipient: RecipientFacts, around: Surroundings) => void) =>
      fc.assert(fc.property(plan, recipient, around, holds), { numRuns: 500 })

    it('answers once for each step, in their order, with a rule', () => {
      check((p, r, a) => {
        const { verdicts: all } = decide(p, r, a)
        expect(all.map((one) => one.channel)).to.deep.equal(p.steps.map((step) => step.channel))
        for (const { rules } of all) expect(rules).to.have.length.of.at.least(1)
      })
    })

    it('holds a critical message back for nothing but a channel that cannot carry it', () => {
      check((p, r, a) => {
        if (!p.category.critical) return
        const { verdicts: all, counts } = decide(p, r, a)
        expect(counts).to.equal(false)
        for (const { action, rules } of all) {
          expect(action).to.be.oneOf(['send', 'wait', 'skip'])
          if (action === 'skip')
            expect(rules.at(-1)).to.be.oneOf([
              'no_words',
              'not_offered',
              'no_address',
              'address_unverified',
              'suppressed',
            ])
        }
      })
    })

    it('lets no wish of an inner level undo an outer one', () => {
      check((p, r, a) => {
        if (p.category.critical) return
        for (const { channel, action } of decide(p, r, a).verdicts) {
          const isOff = [a.installation, a.tenant].some(
            (level) =>
              level.channels[channel] === false || level.categories[p.category.key]?.[channel] === false,
          )
          const isOwnOff = channel !== 'webhook' && r.preferences.channels[channel] === false
          if (isOff || isOwnOff) expect(action).to.equal('skip')
        }
      })
    })

    it('sends nothing that needs consent without it', () => {
      check((p, r, a) => {
        if (p.category.critical || p.category.consent !== 'opt_in') return
        for (const { channel, action } of decide(p, r, a).verdicts) {
          const isChosen = r.preferences.categories.product?.[channel] === true
          if (!isChosen && channel !== 'webhook') expect(action).to.equal('skip')
        }
      })
    })

    it('rings nobody in quiet hours, and puts off to a moment outside of them', () => {
      check((p, r, a) => {
        if (p.category.critical) return
        const hours = r.preferences.quietHours ?? a.tenant.quietHours
        for (const { channel, action, at } of decide(p, r, a).verdicts) {
          if (channel === 'in_app' || channel === 'webhook') expect(action).to.not.equal('delay')
          else if (action === 'send') expect(quietUntil(hours, r.timeZone, a.now)).to.equal(null)
          if (action !== 'delay') continue
          expect(Number(at)).to.be.above(Number(a.now))
          expect(quietUntil(hours, r.timeZone, at ?? a.now)).to.equal(null)
        }
      })
    })

    it('begins a chain with one step, has the others wait in order, and collects none of it', () => {
      check((p, r, a) => {
        if (!p.isChain) return
        const going = decide(p, r, a).verdicts.filter(({ action }) => action !== 'skip')
        for (const [i, { action }] of going.entries()) {
          expect(action).to.be.oneOf(i === 0 ? ['send', 'delay'] : ['wait'])
        }
        const times = going.slice(1).flatMap(({ at }) => at?.getTime() ?? [])
        expect(times).to.deep.equal([...times].sort((x, y) => x - y))
      })
    })

    it('never sends more because somebody switches something off', () => {
      check((p, r, a) => {
        if (p.isChain) return
        const sends = (facts: RecipientFacts) =>
          decide(p, facts, a).verdicts.flatMap(({ channel, action }) => (action === 'skip' ? [] : [channel]))
        const before = sends(r)
        for (const channel of CHANNELS) {
          const channels = { ...r.preferences.channels, [channel]: false }
          const after = sends({ ...r, preferences: { ...r.preferences, channels } })
          expect(before).to.include.members(after)
        }
      })
    })

    it('lets a throttle through exactly as often as it says', () => {
      fc.assert(
        fc.property(plan, around, fc.integer({ min: 1, max: 5 }), (p, a, limit) => {
          fc.pre(!p.category.critical)
          const throttled = { ...p, throttles: [{ key: 'a', limit, windowS: 60 }] }
          let used = 0
          for (let i = 0; i < limit + 3; i++) {
            const { counts } = decide(throttled, recipientOf({ used: new Map([['a', used]]) }), a)
            if (counts) used += 1
          }
          const reaches = decide({ ...p, throttles: [] }, recipientOf(), a).counts
          expect(used).to.equal(reaches ? limit : 0)
        }),
        { numRuns: 200 },
      )
    })
  })
})
