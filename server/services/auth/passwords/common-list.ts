import { readFileSync } from 'node:fs'

const NEWLINE = 0x0a

/** A sorted list of folded passwords, searched in the file's own bytes so that it costs no more memory than them. */
export class CommonPasswords {
  constructor(private readonly bytes: Buffer) {}

  /** Reads the list that ships with VetrAI (about 280 kB); throws when the installation lacks it. */
  static shipped(): CommonPasswords {
    return new CommonPasswords(
      readFileSync(new URL('../../../../../templates/passwords/common-passwords.txt', import.meta.url)),
    )
  }

  /** Whether `folded` (NFKC, lower case) is in the list, in O(log n) without allocation per entry. */
  has(folded: string): boolean {
    const wanted = Buffer.from(folded, 'utf8')
    let low = 0
    let high = this.bytes.length
    while (low < high) {
      const start = this.lineStart((low + high) >>> 1)
      const end = this.lineEnd(start)
      const order = this.bytes.compare(wanted, 0, wanted.length, start, end)
      if (order === 0) return true
      if (order < 0) low = end + 1
      else high = start
    }
    return false
  }

  private lineStart(at: number): number {
    return at === 0 ? 0 : this.bytes.lastIndexOf(NEWLINE, at - 1) + 1
  }

  private lineEnd(start: number): number {
    const end = this.bytes.indexOf(NEWLINE, start)
    return end === -1 ? this.bytes.length : end
  }
}
