import { Api } from '../clients/api.js'
import type { Deployment } from '../deployment/deployment.js'

/** A client of the deployment's own API on this host, as the operator. The token never leaves the process otherwise. */
export async function openApi(deployment: Deployment): Promise<Api> {
  return new Api({ url: deployment.localUrl, token: await deployment.secret('operator-token') })
}
