import type { Ctx } from '../../../kernel/context.js'
import { pipelineErrors } from '../errors/pipeline.js'
import {
  lockCategories,
  readCategories,
  deleteCategory as removeDeclaration,
  upsertCategory,
} from '../models/category.js'
import { BUILT_IN_CATEGORIES, type Category } from '../rules/categories.js'
import { digestFrom, throttleFrom } from '../schemas/pieces.js'
import type { CategoryInput } from '../schemas/preferences.js'
import { forgetCategories } from '../state.js'

/** Categories that an organisation declares at most. */
const CATEGORIES_MAX = 100

/** A category, and whether the tenant says something of its own about it. */
export interface ListedCategory {
  category: Category
  isBuiltIn: boolean
}

/** Declares a category, or says what a built-in one is in this tenant. */
export async function putCategory(ctx: Ctx, key: string, input: CategoryInput): Promise<Category> {
  await lockCategories(ctx)
  const declared = await readCategories(ctx.db, ctx.tenant.id)
  if (declared.length >= CATEGORIES_MAX && !declared.some((one) => one.key === key))
    throw new pipelineErrors.CategoryLimit({ limit: CATEGORIES_MAX })
  const { name, description, critical, consent, channels, throttle, digest } = input
  const category: Category = {
    ...{ key, name, description, critical, consent },
    channels: Object.fromEntries(Object.entries(channels).filter(([, isOn]) => isOn !== undefined)),
    throttle: throttle && throttleFrom(throttle),
    digest: digest && digestFrom(digest),
  }
  await upsertCategory(ctx, category)
  forgetCategories(ctx)
  ctx.auditDetail = { critical, consent }
  return category
}

/** Takes a declaration back: a built-in category is as it was, one of the tenant's own is gone. */
export async function removeCategory(ctx: Ctx, key: string): Promise<void> {
  if (!(await removeDeclaration(ctx, key))) throw new pipelineErrors.CategoryMissing()
  forgetCategories(ctx)
}

/** All categories of the tenant as they are in the database now. */
export async function listCategories(ctx: Ctx): Promise<ListedCategory[]> {
  const own = await readCategories(ctx.db, ctx.tenant.id)
  const rest = BUILT_IN_CATEGORIES.filter(({ key }) => !own.some((one) => one.key === key))
  return [
    ...rest.map((category) => ({ category, isBuiltIn: true })),
    ...own.map((category) => ({ category, isBuiltIn: false })),
  ]
}

/** One category as it is in the database now. Throws where the tenant has none of this key. */
export async function readCategory(ctx: Ctx, key: string): Promise<ListedCategory> {
  const found = (await listCategories(ctx)).find(({ category }) => category.key === key)
  if (!found) throw new pipelineErrors.CategoryMissing()
  return found
}
