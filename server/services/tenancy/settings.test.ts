import { expect } from 'chai'
import { buildMember, buildTenant } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'

const SETTINGS = '/tenancy/v1/settings'

describe('/tenancy/v1/settings', () => {
  const server = useServer()

  it('refuses calls without identity', async () => {
    expect((await server.get(SETTINGS)).status).to.equal(401)
    expect((await server.anonymous.patch(SETTINGS, {})).status).to.equal(401)
  })

  it('lets every member read them and administrators only change them', async () => {
    const { api, tenant } = await buildMember(server)
    const user = await buildMember(server, { tenant, role: 'user' })
    expect((await api.patch(SETTINGS, { locale: 'de' })).status).to.equal(200)
    expect((await user.api.get(SETTINGS)).body).to.deep.equal({ locale: 'de' })
    expect((await user.api.patch(SETTINGS, { locale: 'fr' })).status).to.equal(403)
  })

  it('keeps settings of one tenant from another', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    await theirs.api.patch(SETTINGS, { color: 'green' })
    await ours.api.patch(SETTINGS, { color: 'red' })
    expect((await theirs.api.get(SETTINGS)).body).to.deep.equal({ color: 'green' })
  })

  it('merges patches: null removes, objects merge, the rest replaces', async () => {
    const operator = server.operator.in((await buildTenant(server)).id)
    await operator.patch(SETTINGS, { mail: { from: 'a', reply: 'b' }, tags: ['x'], old: 1 })
    const res = await operator.patch(SETTINGS, { mail: { reply: null, bcc: 'c' }, tags: ['y'], old: null })
    expect(res.body).to.deep.equal({ mail: { from: 'a', bcc: 'c' }, tags: ['y'] })
    expect((await operator.get(SETTINGS)).body).to.deep.equal(res.body)
  })

  it('loses none of many patches that come at the same time', async () => {
    const operator = server.operator.in((await buildTenant(server)).id)
    await Promise.all(Array.from({ length: 12 }, (_, i) => operator.patch(SETTINGS, { [`key-${i}`]: i })))
    expect(Object.keys((await operator.get(SETTINGS)).body)).to.have.length(12)
  })

  it('lets one of many writers with the same version through', async () => {
    const operator = server.operator.in((await buildTenant(server)).id)
    const etag = String((await operator.get(SETTINGS)).headers.get('etag'))
    const writer = operator.with({ 'if-match': etag })
    const all = await Promise.all([1, 2, 3].map((value) => writer.patch(SETTINGS, { value })))
    expect(all.map((res) => res.status).sort()).to.deep.equal([200, 412, 412])
  })

  it('stays within its size, and refuses what the database cannot hold', async () => {
    const operator = server.operator.in((await buildTenant(server)).id)
    expect((await operator.patch(SETTINGS, { a: 'x'.repeat(10_000) })).status).to.equal(200)
    const full = await operator.patch(SETTINGS, { b: 'x'.repeat(10_000) })
    expect([full.status, full.body.code]).to.deep.equal([422, 'tenancy.settings_too_large'])
    for (const bad of ['nul \u0000', 'half \ud800', '\udfff']) {
      expect((await operator.patch(SETTINGS, { bad })).status).to.equal(422)
      expect((await operator.patch(SETTINGS, { [bad]: 1 })).status).to.equal(422)
    }
    const fine = { text: 'backslash \\u0000 and 😀' }
    expect((await operator.patch(SETTINGS, { ...fine, a: null })).body).to.deep.equal(fine)
  })
})
