import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api, Page } from '../clients/api.js'
import type {
  Template,
  TemplateDetail,
  TemplatePreview,
  TemplateTest,
  TemplateVersion,
} from '../clients/resources.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const TEMPLATES = '/notifications/v1/templates'
const pathOf = (key: string) => `${TEMPLATES}/${encodeURIComponent(key)}`

/** What a preview or a test mail is made of. */
export interface Rendering {
  data?: unknown
  locale?: string
  source?: string
}

/** The templates of the tenant the client acts in: shipped ones, changed or not, and its own. */
export function listTemplates(
  api: Api,
  page: PageRequest,
  filter: { origin?: string; category?: string },
): Promise<Page<Template>> {
  return collectPages<Template>(api, TEMPLATES, page, filter)
}

/** One template with its variables and words. */
export function getTemplate(api: Api, key: string): Promise<TemplateDetail> {
  return api.get<TemplateDetail>(pathOf(key))
}

/** Changes words of the draft: a JSON merge patch by locale. */
export function updateTemplate(api: Api, key: string, content: unknown): Promise<TemplateDetail> {
  return api.patch<TemplateDetail>(pathOf(key), { content })
}

/** What the template makes of data on every channel; nothing is sent. */
export function previewTemplate(api: Api, key: string, rendering: Rendering): Promise<TemplatePreview> {
  return api.post<TemplatePreview>(`${pathOf(key)}/preview`, rendering)
}

/** Mails what the template makes of data to the caller's own address. */
export function testTemplate(api: Api, key: string, rendering: Rendering): Promise<TemplateTest> {
  return api.post<TemplateTest>(`${pathOf(key)}/test`, rendering)
}

/** Makes the draft a version, which is sent from now on. */
export function publishTemplate(api: Api, key: string, note: string | undefined): Promise<TemplateVersion> {
  return api.post<TemplateVersion>(`${pathOf(key)}/publish`, note === undefined ? {} : { note })
}

/** The versions of a template, newest first. */
export function listVersions(api: Api, key: string, page: PageRequest): Promise<Page<TemplateVersion>> {
  return collectPages<TemplateVersion>(api, `${pathOf(key)}/versions`, page)
}

/** Sends an earlier version again. */
export function rollbackTemplate(api: Api, key: string, version: number): Promise<TemplateVersion> {
  return api.post<TemplateVersion>(`${pathOf(key)}/rollback`, { version })
}

/** Sends a shipped message as shipped again; removes one of the tenant's own. */
export async function resetTemplate(api: Api, key: string): Promise<{ key: string; reset: true }> {
  await api.delete(pathOf(key))
  return { key, reset: true }
}

/** No script runs and nothing but pictures is loaded, also where a browser opens the file. */
const CSP = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src https:; style-src 'unsafe-inline'">`

/** Writes the mail of a preview to a file that only this user can read; answers its path. */
export async function writePreview(key: string, html: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-preview-'))
  const file = join(folder, `${key}.html`)
  await writeFile(file, html.replace('<head>', `<head>\n${CSP}`), { mode: 0o600 })
  return file
}
