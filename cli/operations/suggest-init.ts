import { userInfo } from 'node:os'
import { basename } from 'node:path'
import { suggestPort } from '../deployment/create-deployment.js'
import type { InitDefaults } from '../prompts/ask-init.js'

/** What the wizard proposes: a name after the directory and the first free port from 8000 on. */
export async function suggestInit(dir: string): Promise<InitDefaults> {
  const name = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
  return {
    name: name && name !== 'default' ? name : 'vetrai',
    operator_email: `${userInfo().username}@vetrai.localhost`,
    port: await suggestPort(),
  }
}
