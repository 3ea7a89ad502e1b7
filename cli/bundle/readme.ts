import { basename } from 'node:path'
import type { BundleManifest } from './manifest.js'

/** The three lines of README.txt: how a host with nothing but Docker and Node comes to a deployment. */
export function readmeOf(
  file: string,
  { vetrai_version: version, architecture }: Pick<BundleManifest, 'vetrai_version' | 'architecture'>,
): string {
  const quoted = `'${basename(file).replaceAll("'", "'\\''")}'`
  return [
    `1. VetrAI ${version} for linux/${architecture}, with Docker and Node 20.19 or later: mkdir vetrai && tar -xOf ${quoted} cli.tar.gz | tar -xz -C vetrai`,
    `2. Check it and give its images to Docker: vetrai/bin/vetrai bundle load ${quoted}`,
    '3. Start: vetrai/bin/vetrai init --runtime compose --dir DIR, then vetrai/bin/vetrai up --dir DIR',
    '',
  ].join('\n')
}
