import type { Readable } from 'node:stream'

/** An input that does not keep its process alive once it is told not to. */
type Input = Readable & { unref?: () => unknown }

/**
 * Reads the request of this program. One that ends in a newline comes from somebody who keeps the input open while they live:
 * `onGone` is called when they are gone, however they ended, so that nothing works on behind the back of whoever comes next.
 * Without a newline the request is all of the input, and nobody is watched.
 */
export function readRequest(input: Input, onGone: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = ''
    let isRead = false
    const read = (request: string) => {
      isRead = true
      input.unref?.()
      try {
        resolve(JSON.parse(request.trim() || '{}'))
      } catch {
        // The words of the parser would repeat what may hold a key.
        reject(new Error('the request is no JSON document'))
      }
    }
    input.setEncoding('utf8')
    input.on('data', (piece: string) => {
      if (isRead) return
      text += piece
      if (text.endsWith('\n')) read(text)
    })
    input.once('error', reject)
    input.once('end', () => (isRead ? onGone() : read(text)))
  })
}
