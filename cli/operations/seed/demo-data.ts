/** One organisation of the demo and who is in it. */
export interface DemoTenant {
  slug: string
  name: string
  suspended: boolean
  people: { name: string; role: 'org_admin' | 'billing_admin' | 'user' }[]
  keys: { name: string; environment: 'live' | 'test'; scopes: string[] }[]
  work?: DemoWork
}

/** What goes on in an organisation. Nothing of it calls anybody: schedules are paused and webhooks are disabled. */
export interface DemoWork {
  schedules: { name: string; kind: string; payload: object; cron: string; time_zone: string }[]
  /** Made from the catalogue and published; each input is a run. */
  workflows: { name: string; from: string; runs: object[] }[]
  /** Jobs that end at once without success, to look at and to run again. */
  failing: { kind: string; payload: object }[]
  messages: { to: object; title: string; body: string }[]
  webhooks: { url: string; description: string; event_types: string[] }[]
}

/** Organisations such as a young AI product has; addresses are of the reserved domain `.example`. */
export const DEMO_TENANTS: readonly DemoTenant[] = [
  {
    slug: 'acme-robotics',
    name: 'Acme Robotics',
    suspended: false,
    people: [
      { name: 'Ada Park', role: 'org_admin' },
      { name: 'Tomás Rivera', role: 'billing_admin' },
      { name: 'Mina Okafor', role: 'user' },
      { name: 'Jonas Weber', role: 'user' },
    ],
    keys: [
      { name: 'production', environment: 'live', scopes: ['tenancy:read', 'keys:verify'] },
      { name: 'ci', environment: 'test', scopes: ['tenancy:read'] },
    ],
    work: {
      schedules: [
        {
          name: 'Morning report',
          kind: 'workers.http-request',
          payload: { url: 'https://app.acme-robotics.example/reports/morning' },
          cron: '0 9 * * MON-FRI',
          time_zone: 'Europe/Berlin',
        },
      ],
      workflows: [{ name: 'count-words', from: 'first-steps', runs: [{ ask: false }, { ask: true }] }],
      failing: [
        {
          kind: 'workers.http-request',
          payload: { url: 'https://app.acme-robotics.example/firmware/build' },
        },
      ],
      messages: [
        {
          to: { role: 'org_admin' },
          title: 'Count words is waiting for you',
          body: 'A workflow asks whether it may sum up. See who waits: vetrai workflows runs --status waiting',
        },
        {
          to: { role: 'user' },
          title: 'Firmware 4.2 is out',
          body: 'Arms calibrate themselves now, and the gripper is twice as gentle.',
        },
        {
          to: { external_id: 'robot-owner-17', name: 'Noor Haddad' },
          title: 'Your robot is on its way',
          body: 'It left our workshop this morning and should be with you on Thursday.',
        },
      ],
      webhooks: [
        {
          url: 'https://example.com/vetrai-webhooks',
          description: 'Example of an endpoint; disabled, so that nothing is sent',
          event_types: ['keys.*', 'workers.workflow_run.finished'],
        },
      ],
    },
  },
  {
    slug: 'northwind-labs',
    name: 'Northwind Labs',
    suspended: false,
    people: [
      { name: 'Priya Nair', role: 'org_admin' },
      { name: 'Léa Fontaine', role: 'user' },
    ],
    keys: [{ name: 'backend', environment: 'live', scopes: ['tenancy:read'] }],
  },
  {
    slug: 'blue-harbor-clinic',
    name: 'Blue Harbor Clinic',
    suspended: false,
    people: [
      { name: 'Hana Sato', role: 'org_admin' },
      { name: 'Oskar Lind', role: 'billing_admin' },
    ],
    keys: [],
  },
  {
    slug: 'sunset-media',
    name: 'Sunset Media',
    suspended: true,
    people: [{ name: 'Carla Mendes', role: 'org_admin' }],
    keys: [{ name: 'website', environment: 'live', scopes: ['tenancy:read'] }],
  },
]

/** `Tomás Rivera` of `acme-robotics` is tomas.rivera@acme-robotics.example. */
export function demoEmail(person: string, slug: string): string {
  const name = person
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z]+/g, '.')
  return `${name}@${slug}.example`
}
