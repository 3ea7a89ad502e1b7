import { expect } from 'chai'
import { notesPermissions, notesService, useNotes } from '../../test/notes-service.js'
import { newId } from '../kernel/ids.js'

const chosen = { id: newId(), slug: 'chosen', status: 'active' as const }

describe('the X-Tenant header', () => {
  const notes = useNotes({
    services: [
      {
        ...notesService,
        resolveTenant: async (_resources, wanted) =>
          wanted === chosen.id || wanted === chosen.slug ? chosen : null,
      },
    ],
    permissions: {
      ...notesPermissions,
      'notes.read': {
        may: 'read notes',
        level: 'tenant',
        roles: ['user', 'support_agent'],
        scope: 'notes:read',
      },
    },
  })

  it('lets somebody of the installation work in the organisation it names, by id or slug', async () => {
    const { db } = notes.server.resources
    await db.readSystem({
      text: "insert into notes (tenant_id, id, body, tag) values ($1, gen_random_uuid(), 'x', 'x')",
      values: [chosen.id],
    })
    const agent = notes.caller(null, 'support_agent')
    for (const wanted of [chosen.id, chosen.slug]) {
      expect((await agent.in(wanted).get('/notes/v1/notes')).body.data, wanted).to.have.length(1)
    }
    expect((await agent.get('/notes/v1/notes')).status).to.equal(400)
  })

  it('answers like nothing to everybody else, and for what is not there', async () => {
    const member = notes.caller(newId(), 'user')
    for (const wanted of [chosen.id, chosen.slug, newId(), 'nowhere', 'x'.repeat(65)]) {
      const res = await member.in(wanted).get('/notes/v1/notes')
      expect([res.status, res.body.code], wanted).to.deep.equal([404, 'request.not_found'])
    }
    const agent = notes.caller(null, 'support_agent')
    for (const wanted of [newId(), 'nowhere', 'x'.repeat(65)]) {
      expect((await agent.in(wanted).get('/notes/v1/notes')).status, wanted).to.equal(404)
    }
  })

  it('may repeat the organisation one is in', async () => {
    const member = notes.caller(newId(), 'user')
    expect((await member.in(String(member.tenantId)).get('/notes/v1/notes')).status).to.equal(200)
    expect((await member.in(`slug-${member.tenantId}`).get('/notes/v1/notes')).status).to.equal(200)
  })
})
