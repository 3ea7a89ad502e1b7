import type { BundleSummary } from '../operations/create-bundle.js'
import type { LoadedBundle } from '../operations/load-bundle.js'
import { fields } from './fields.js'
import { bytes, count, time } from './format.js'
import { table } from './table.js'
import type { View } from './view.js'

/** What a bundle holds. */
export const bundleView: View<BundleSummary> = (bundle, paint) => {
  const { cli, images } = bundle
  const facts = fields(
    [
      ['bundle', bundle.file],
      ['size', bytes(bundle.size_bytes)],
      ['version', `VetrAI ${bundle.vetrai_version}`],
      ['made', `${time(bundle.created_at)} UTC`],
      ['for', `linux/${bundle.architecture}`],
      ['command line', `${cli.platform}, ${count(cli.files, 'file')}, ${bytes(cli.unpacked_bytes)}`],
    ],
    paint,
  )
  const rows = table(
    images,
    [
      { heading: 'IMAGE', cell: ({ ref }) => ref },
      { heading: 'SIZE', cell: ({ size_bytes: size }) => bytes(size), align: 'right' },
      { heading: 'DIGEST', cell: ({ digest }) => digest?.slice(0, 19) ?? '–' },
    ],
    paint,
  )
  return [facts, '', rows].join('\n')
}

/** The same for one that was just made, with what to do with it. */
export const createdBundleView: View<BundleSummary> = (bundle, paint) =>
  [
    bundleView(bundle, paint),
    '',
    paint.dim(`Next: copy it to the other host; tar -xOf FILE README.txt tells the rest.`),
  ].join('\n')

/** What was loaded, and where it is. */
export const loadedBundleView: View<LoadedBundle> = (loaded, paint) =>
  [
    `${paint.green('✓')} VetrAI ${loaded.vetrai_version}: ${count(loaded.images.length, 'image')} loaded.`,
    '',
    fields(
      [
        ['images', loaded.images.join(', ')],
        ['deployment', loaded.deployment],
        ['command line', loaded.cli_dir],
      ],
      paint,
    ),
    '',
    paint.dim(nextOf(loaded)),
  ].join('\n')

function nextOf({ deployment, cli_dir: cli }: LoadedBundle): string {
  const program = cli === null ? 'vetrai' : `${cli}/bin/vetrai`
  return deployment === null
    ? `Next: ${program} init --runtime compose --dir DIR, then ${program} up --dir DIR`
    : `Next: ${program} up --dir ${deployment}`
}
