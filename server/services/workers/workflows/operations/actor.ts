import type { Ctx } from '../../../../kernel/context.js'

/** Who acts, as rows record it. */
export function actorOf(ctx: Ctx): string {
  const { kind, id } = ctx.principal
  return `${kind}:${id}`
}
