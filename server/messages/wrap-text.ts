/** Breaks lines at blanks so that they are at most `width` letters; words and addresses that are longer stay whole. */
export function wrapText(text: string, width = 76): string {
  const lines = text.split('\n').map((line) => wrapLine(line.trimEnd(), width))
  return lines.join('\n').replace(/\n{3,}/g, '\n\n')
}

function wrapLine(line: string, width: number): string {
  if (line.length <= width) return line
  const indent = line.startsWith('- ') ? '  ' : ''
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current === '' || longer.length <= width) current = longer
    else {
      lines.push(current)
      current = indent + word
    }
  }
  return [...lines, current].join('\n')
}
