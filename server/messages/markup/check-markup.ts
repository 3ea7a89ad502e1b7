import { nameProblem, type Scope, scopeInside, TAG } from '../words.js'
import { addressProblem, pictureProblem } from './address.js'
import { type AttributeRule, type Contents, ELEMENTS, INSIDE, TEXTUAL } from './elements.js'
import type { ElementNode, MarkupNode, SectionNode, VariableNode } from './parse-markup.js'

/** One place of a source that was refused. */
export interface MarkupProblem {
  line: number
  message: string
}

type Place = Contents | 'body'

/** All that is wrong with a body: elements, attributes and variables that are not in the language, by line. */
export function checkMarkup(nodes: readonly MarkupNode[], scope: Scope): MarkupProblem[] {
  const problems: MarkupProblem[] = []
  checkChildren(nodes, 'body', scope, problems)
  const blocks = nodes.filter((node) => node.type !== 'text' || node.text.trim() !== '')
  const sections = blocks.filter((node) => node.type === 'element' && node.tag === 'mj-section')
  if (blocks.length === 0) problems.push({ line: 1, message: 'The body is empty.' })
  if (sections.length > 0 && sections.length < blocks.length) {
    problems.push({ line: 1, message: 'Either every block of the body is an <mj-section>, or none is.' })
  }
  return problems.slice(0, 20)
}

function checkChildren(
  nodes: readonly MarkupNode[],
  place: Place,
  scope: Scope,
  problems: MarkupProblem[],
): void {
  for (const node of nodes) {
    const problem = problemOf(node, place, scope)
    if (problem) problems.push({ line: node.line, message: problem })
    if (node.type === 'section') {
      checkChildren(node.children, place, scopeInside(node.name, node.isInverted, scope), problems)
    }
    if (node.type === 'element') checkElement(node, scope, problems)
  }
}

function problemOf(node: MarkupNode, place: Place, scope: Scope): string | undefined {
  switch (node.type) {
    case 'text':
      if (/[{}]/.test(node.text)) return 'A brace stands only in {{name}}.'
      return node.text.trim() === '' || TEXTUAL.includes(place)
        ? undefined
        : 'Text stands inside <mj-text> only.'
    case 'variable':
      return TEXTUAL.includes(place) ? saidOf(node, scope) : 'A variable stands inside <mj-text> only.'
    case 'section':
      if (place === 'columns' || place === 'cells' || place === 'none') return 'A section cannot stand here.'
      if (place === 'body' && node.children.some(isSectionElement))
        return 'A section cannot hold an <mj-section>.'
      return saidOf(node, scope)
    case 'element':
      if (!Object.hasOwn(ELEMENTS, node.tag)) return `<${node.tag}> is not allowed.`
      return INSIDE[place].includes(node.tag) ? undefined : `<${node.tag}> cannot stand here.`
  }
}

function saidOf(node: VariableNode | SectionNode, scope: Scope): string | undefined {
  const problem = nameProblem(node.name, node.type === 'section', scope)
  return problem && `The text ${problem}.`
}

function isSectionElement(node: MarkupNode): boolean {
  return node.type === 'element' && node.tag === 'mj-section'
}

function checkElement(node: ElementNode, scope: Scope, problems: MarkupProblem[]): void {
  const rule = Object.hasOwn(ELEMENTS, node.tag) ? ELEMENTS[node.tag] : undefined
  if (!rule) return
  for (const [name, value] of Object.entries(node.attributes)) {
    const judge = Object.hasOwn(rule.attributes, name) ? rule.attributes[name] : undefined
    const problem = judge === undefined ? 'is not allowed' : attributeProblem(judge, value, scope)
    if (problem) problems.push({ line: node.line, message: `${name} of <${node.tag}> ${problem}.` })
  }
  for (const name of rule.needs ?? []) {
    if (node.attributes[name] === undefined) {
      problems.push({ line: node.line, message: `<${node.tag}> needs the attribute ${name}.` })
    }
  }
  checkChildren(node.children, rule.contents, scope, problems)
}

function attributeProblem(rule: AttributeRule, value: string, scope: Scope): string | undefined {
  if (rule === 'address') return addressProblem(value, scope)
  if (rule === 'picture') return pictureProblem(value, scope)
  if (rule === 'words') return wordsProblem(value, scope)
  return rule.test(value) ? undefined : `cannot be ${JSON.stringify(value.slice(0, 40))}`
}

function wordsProblem(value: string, scope: Scope): string | undefined {
  if (/[{}\p{Cc}]/u.test(value.replace(TAG, ''))) return 'has a brace or a control character'
  for (const [, sign, name = ''] of value.matchAll(TAG)) {
    if (sign !== '') return 'has a section'
    const problem = nameProblem(name, false, scope)
    if (problem) return problem
    if (scope[name]?.kind === 'text') return `shows "${name}", which may have several lines`
  }
  return undefined
}
