import { BundleReader } from '../bundle/bundle-reader.js'
import type { BundleSummary } from './create-bundle.js'

/** What a bundle says of itself. Its shape is checked, its content is not read. */
export async function readBundle(file: string): Promise<BundleSummary> {
  const bundle = await BundleReader.open(file)
  await bundle.close()
  return { file, size_bytes: bundle.size, ...bundle.manifest }
}
