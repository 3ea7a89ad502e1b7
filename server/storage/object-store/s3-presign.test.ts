import { expect } from 'chai'
import { presignS3Url } from './s3-presign.js'

describe('presignS3Url', () => {
  // The worked example of "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
  const example = {
    method: 'GET',
    endpoint: 'https://examplebucket.s3.amazonaws.com',
    path: '/test.txt',
    region: 'us-east-1',
    accessKey: 'AKIAIOSFODNN7EXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    now: new Date('2013-05-24T00:00:00Z'),
    expiresInS: 86_400,
  } as const

  it('gives the signature of the published example', () => {
    const { searchParams } = new URL(presignS3Url(example))
    expect(searchParams.get('X-Amz-Signature')).to.equal(
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    )
    expect(searchParams.get('X-Amz-Credential')).to.equal(
      'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request',
    )
  })

  it('names the headers an upload is held to', () => {
    const url = new URL(
      presignS3Url({
        ...example,
        method: 'PUT',
        headers: { 'content-type': 'image/png', 'content-length': '9' },
      }),
    )
    expect(url.searchParams.get('X-Amz-SignedHeaders')).to.equal('content-length;content-type;host')
  })

  it('encodes the path once, its slashes kept', () => {
    expect(new URL(presignS3Url({ ...example, path: "/b/a (1)'.txt" })).pathname).to.equal(
      '/b/a%20%281%29%27.txt',
    )
  })
})
