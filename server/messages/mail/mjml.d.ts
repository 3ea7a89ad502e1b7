declare module 'mjml' {
  interface Node {
    tagName: string
    attributes: Record<string, string>
    children?: Node[]
    content?: string
  }
  interface Options {
    validationLevel?: 'strict' | 'soft' | 'skip'
    keepComments?: boolean
    fonts?: Record<string, string>
  }
  /** Fonts and comments out, nothing included: a tree instead of text is not parsed. */
  export default function mjml2html(input: Node, options?: Options): Promise<{ html: string }>
}
