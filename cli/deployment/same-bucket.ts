/** A bucket of an S3-compatible store. */
interface Bucket {
  endpoint: string
  bucket: string
}

/** Whether two are one bucket, by whichever protocol they are spoken to. */
export function isSameBucket(a: Bucket, b: Bucket): boolean {
  return a.bucket === b.bucket && storeOf(a) === storeOf(b)
}

function storeOf({ endpoint }: Bucket): string {
  const { host, pathname } = new URL(endpoint)
  return host + pathname.replace(/\/+$/, '')
}
