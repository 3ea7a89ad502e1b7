import { runTool, TOOL_ALLOCATOR, TOOL_NODE_ARGS, type ToolRequest } from '../backup-tool.js'
import { childEnv } from './host-env.js'
import { installedPrograms } from './program-paths.js'

/**
 * Runs the program that reads backups on this very host, for a deployment that is not there yet: it reaches files, folders and
 * buckets, and no store of any deployment.
 */
export async function hostTool(request: ToolRequest): Promise<unknown> {
  const { PATH, TZ } = childEnv()
  const { backupTool } = await installedPrograms()
  return runTool(request, {
    command: process.execPath,
    args: [...TOOL_NODE_ARGS, backupTool, request.verb],
    env: { PATH, TZ, ...TOOL_ALLOCATOR },
    cwd: '/',
  })
}
