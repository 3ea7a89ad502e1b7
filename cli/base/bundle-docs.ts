import type { JsonDoc } from './json-doc.js'

/** A bundle, as `create` and `list` show it. */
export const bundleDoc: JsonDoc = {
  file: 'the bundle',
  size_bytes: 'length of the file',
  format: 'version of the format',
  vetrai_version: 'version of VetrAI in it',
  created_at: 'when it was made',
  architecture: 'what its images run on: amd64, arm64',
  images: {
    '[]': {
      ref: 'the image as vetrai.yml or this version names it',
      name: 'its name at the engine after loading',
      id: 'its id at the engine that saved it',
      digest: 'digest of the registry that it was pulled from; null for one that was built',
      size_bytes: 'size unpacked, with layers that other images share',
    },
  },
  cli: {
    platform: 'what the command line runs on: linux-x64',
    files: 'its files',
    unpacked_bytes: 'their size',
  },
  parts: { '[]': { name: 'a file in the bundle', size_bytes: 'its size', sha256: 'its SHA-256' } },
}
