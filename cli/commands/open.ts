import { DeploymentCommand } from '../base/deployment-command.js'
import { openInBrowser } from '../operations/open-in-browser.js'

interface Opened {
  url: string
  opened: boolean
}

export default class Open extends DeploymentCommand {
  static override summary = 'open the documentation of the deployment in the browser'
  static override description =
    'Prints the URL; where there is a terminal and a display it also opens it in the browser.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = { url: 'URL of the documentation', opened: 'true when a browser was started' }

  async run(): Promise<Opened> {
    await this.parse(Open)
    const deployment = await this.deployment()
    const url = `${deployment.publicUrl}/docs`
    const opened = this.mayAsk ? await openInBrowser(url) : false
    return this.show({ url, opened }, () => url)
  }
}
