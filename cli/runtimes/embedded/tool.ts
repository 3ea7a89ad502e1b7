import type { Deployment } from '../../deployment/deployment.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { runTool, TOOL_ALLOCATOR, TOOL_NODE_ARGS, type ToolRequest } from '../backup-tool.js'
import { childEnv } from './host-env.js'
import type { ProgramPaths } from './program-paths.js'

/** `Runtime.tool` of the embedded runtime: a child of this command, which sees this host as it is. */
export async function embeddedTool(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: StoreAddresses,
  request: ToolRequest,
): Promise<unknown> {
  const { PATH, TZ } = childEnv()
  return runTool(request, {
    command: process.execPath,
    args: [...TOOL_NODE_ARGS, programs.backupTool, request.verb],
    env: { PATH, TZ, ...TOOL_ALLOCATOR, ...(await deployment.migrateEnv(addresses)) },
    cwd: '/',
  })
}
