import { pipeline } from 'node:stream/promises'
import type { Express, Request, Response } from 'express'
import { defineErrors } from '../kernel/define-errors.js'
import { kernelErrors } from '../kernel/errors.js'
import type { Resources } from '../kernel/resources.js'
import { ObjectStoreError } from '../storage/object-store/errors.js'
import { downloadHeaders } from '../storage/object-store/file-driver.js'
import { type LocalGrant, verifyLocalUrl } from '../storage/object-store/local-presign.js'

export const linkErrors = defineErrors('objects', {
  badLink: {
    status: 403,
    message: 'This link is not one this server made, or it has expired.',
    next: 'Ask for a new link.',
  },
  mismatch: {
    status: 400,
    message: 'The upload is not of the type and length the link was made for.',
    next: 'Send exactly the headers that came with the link.',
  },
})

/** Secret of signed links to the file store. */
export function linkSecret(resources: Pick<Resources, 'secrets'>): string {
  return resources.secrets.key('object-url').toString('hex')
}

/**
 * Answers the signed links that the file store gives out: a download or one upload of the exact type and
 * length, without another credential, until they expire. An S3 store answers its own links.
 */
export function mountObjectLinks(app: Express, resources: Resources): void {
  if (resources.objects.driver !== 'file') return
  app.all('/objects/v1/*key', async (request: Request, response: Response) => {
    const grant = grantOf(request, resources)
    try {
      if (grant.method === 'GET') await download(resources, grant, request, response)
      else await upload(resources, grant, request, response)
    } catch (thrown) {
      if (thrown instanceof ObjectStoreError && thrown.code === 'object_store.not_found')
        throw new kernelErrors.NotFound()
      if (thrown instanceof ObjectStoreError && thrown.code === 'object_store.too_large')
        throw new linkErrors.Mismatch()
      throw thrown
    }
  })
}

function grantOf(request: Request, resources: Resources): LocalGrant {
  const segments = request.params.key
  try {
    return verifyLocalUrl(linkSecret(resources), {
      method: request.method,
      key: Array.isArray(segments) ? segments.join('/') : String(segments),
      query: new URL(request.originalUrl, 'http://local').searchParams,
      now: resources.now(),
    })
  } catch {
    throw new linkErrors.BadLink()
  }
}

async function download(
  resources: Resources,
  grant: LocalGrant,
  request: Request,
  response: Response,
): Promise<void> {
  const { info, body } = await resources.objects.get(grant.key)
  response.status(200).set(downloadHeaders(info, grant.downloadName))
  if (request.method === 'HEAD') {
    body.destroy()
    response.end()
    return
  }
  await pipeline(body, response)
}

async function upload(
  resources: Resources,
  grant: LocalGrant,
  request: Request,
  response: Response,
): Promise<void> {
  const { contentType = 'application/octet-stream', contentLength = 0 } = grant
  const fits =
    request.headers['content-type'] === contentType &&
    request.headers['content-length'] === String(contentLength)
  if (!fits) throw new linkErrors.Mismatch()
  const info = await resources.objects.put(grant.key, request, { contentType, maxBytes: contentLength })
  // One that began before a maintenance and outlasted its beginning is not promised: the client sends it again.
  const { current } = resources.maintenance
  if (current) throw new kernelErrors.Maintenance(current)
  response.status(200).set('ETag', `"${info.etag}"`).end()
}
