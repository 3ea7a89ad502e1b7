/** One organisation of the demo and who is in it. */
export interface DemoTenant {
  slug: string
  name: string
  suspended: boolean
  people: { name: string; role: 'org_admin' | 'billing_admin' | 'user' }[]
  keys: { name: string; environment: 'live' | 'test'; scopes: string[] }[]
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
