import { createHash } from 'node:crypto'

/** Strong entity tag (RFC 9110 § 8.8.3) of a JSON body. */
export function etagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

/** Whether If-None-Match names the tag; weak comparison, as RFC 9110 § 13.1.2 wants for it. */
export function noneMatchNames(header: string, etag: string): boolean {
  return header.trim() === '*' || tagsOf(header).some((tag) => tag.replace(/^W\//, '') === etag)
}

/** Whether If-Match names the tag; strong comparison (§ 13.1.1). */
export function matchNames(header: string, etag: string): boolean {
  return header.trim() === '*' || tagsOf(header).includes(etag)
}

function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => tag.trim())
}
