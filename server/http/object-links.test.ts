import { expect } from 'chai'
import { useServer } from '../../test/server.js'

describe('signed links to the file store', () => {
  const server = useServer()
  const local = (url: string) => url.replace('http://vetrai.test', server.url)

  it('upload and download one object without another credential', async () => {
    const put = await server.resources.objects.presignPut('t/notes.txt', {
      expiresInS: 60,
      contentType: 'text/plain',
      contentLength: 5,
    })
    const uploaded = await fetch(local(put.url), { method: 'PUT', body: 'hello', headers: put.headers })
    expect(uploaded.status).to.equal(200)

    const get = await server.resources.objects.presignGet('t/notes.txt', {
      expiresInS: 60,
      downloadName: 'n.txt',
    })
    const downloaded = await fetch(local(get.url))
    expect(await downloaded.text()).to.equal('hello')
    expect(downloaded.headers.get('content-disposition')).to.match(/^attachment/)
    expect(downloaded.headers.get('x-content-type-options')).to.equal('nosniff')
  })

  it('refuse another key, another type, a longer body and a link past its end', async () => {
    const put = await server.resources.objects.presignPut('t/a.txt', {
      expiresInS: 60,
      contentType: 'text/plain',
      contentLength: 5,
    })
    const other = await fetch(local(put.url).replace('a.txt', 'b.txt'), {
      method: 'PUT',
      body: 'hello',
      headers: put.headers,
    })
    expect(other.status).to.equal(403)
    const type = await fetch(local(put.url), {
      method: 'PUT',
      body: 'hello',
      headers: { 'content-type': 'text/html' },
    })
    expect(type.status).to.equal(400)
    const longer = await fetch(local(put.url), {
      method: 'PUT',
      body: 'hello!',
      headers: { 'content-type': 'text/plain' },
    })
    expect(longer.status).to.equal(400)
    server.now = () => new Date(Date.now() + 61_000)
    const late = await fetch(local(put.url), { method: 'PUT', body: 'hello', headers: put.headers })
    server.now = undefined
    expect(late.status).to.equal(403)
    expect(await server.resources.objects.head('t/a.txt')).to.equal(undefined)
  })
})
