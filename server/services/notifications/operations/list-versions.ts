import type { Ctx } from '../../../kernel/context.js'
import { type PageQuery, paginate } from '../../../kernel/pagination.js'
import { listVersions as fetchVersions } from '../models/template-version.js'
import { presentVersion } from '../present/templates.js'
import { findTemplate } from './find-template.js'

/** A page of the versions of a template, newest first. */
export async function listVersions(ctx: Ctx, key: string, { cursor, limit }: PageQuery) {
  const { row } = await findTemplate(ctx, key)
  return paginate(
    ctx,
    `notification-templates/${key}/versions`,
    { cursor, limit },
    (window) => fetchVersions(ctx, key, window),
    (version) => presentVersion(version, row?.publishedVersion ?? null),
  )
}
