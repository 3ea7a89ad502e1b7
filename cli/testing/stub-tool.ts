import { DeploymentCommand } from '../base/deployment-command.js'
import type { ToolRequest } from '../runtimes/backup-tool.js'
import { runtimeFor } from '../runtimes/index.js'

type Answer = (request: ToolRequest) => unknown

/** Stands in for the program that makes backups, whatever the runtime: every command asks this one while it is in place. */
export interface StubTool {
  /** What was asked, oldest first. */
  asked: Pick<ToolRequest, 'verb' | 'request' | 'mounts' | 'needsStores'>[]
  /** What it answers, by verb; a function may also write to `output`, or throw. */
  answers: Record<string, Answer>
  remove(): void
}

/** Puts one in place. */
export function stubTool(): StubTool {
  const prototype = DeploymentCommand.prototype as unknown as { runtime: unknown }
  const before = prototype.runtime
  const stub: StubTool = {
    ...{ asked: [], answers: {} },
    remove: () => {
      prototype.runtime = before
    },
  }
  const tool = async (_: unknown, request: ToolRequest) => {
    const { verb, mounts, needsStores } = request
    stub.asked.push({
      verb,
      request: request.request,
      ...(mounts && { mounts }),
      ...(needsStores === false && { needsStores }),
    })
    const answer = stub.answers[verb]
    if (!answer) throw new Error(`nobody expected the verb ${verb}`)
    return answer(request)
  }
  prototype.runtime = async (deployment: Parameters<typeof runtimeFor>[0]) => ({
    ...runtimeFor(deployment),
    tool,
  })
  return stub
}
