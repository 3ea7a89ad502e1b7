/** What an expression reads of its scope. */
export interface References {
  /** Ids of steps it names. */
  steps: Set<string>
  /** Parts of the scope it names. */
  names: Set<string>
  /** Names of the run's input it names. */
  inputs: Set<string>
  /** It reads steps or input in a way that does not tell which. */
  isOpen: boolean
  /** Names it takes for part of the scope that are not. */
  unknown: Set<string>
  /** Functions it calls that expressions may not. */
  forbidden: Set<string>
}

/** What expressions see. */
export const SCOPE_NAMES = ['input', 'steps', 'item', 'index', 'loops', 'run'] as const

/** Evaluating made-up text would escape what is checked before publishing. */
const FORBIDDEN = new Set(['eval'])

/** A node of JSONata's syntax tree, as far as it is looked at. */
interface Ast {
  type?: string
  value?: unknown
  steps?: Ast[]
  [field: string]: unknown
}

/** Reads off a syntax tree what an expression refers to. Errs on the side of `isOpen`. */
export function referencesIn(ast: unknown): References {
  const found: References = {
    steps: new Set(),
    names: new Set(),
    inputs: new Set(),
    isOpen: false,
    unknown: new Set(),
    forbidden: new Set(),
  }
  visit(ast as Ast, true, found)
  return found
}

/** @param isRoot whether names here are looked up in the scope itself, not in some value of it. */
function visit(node: unknown, isRoot: boolean, found: References): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(one, isRoot, found)
    return
  }
  if (typeof node !== 'object' || node === null) return
  const ast = node as Ast
  if (isRoot && (ast.type === 'wildcard' || ast.type === 'descendant')) found.isOpen = true
  if (ast.type === 'parent') found.isOpen = true
  if (ast.type === 'path') visitPath(ast, isRoot, found)
  else if (ast.type === 'variable') visitVariable(ast.value, isRoot, found)
  else visitParts(ast, isRoot, found)
}

function visitPath(path: Ast, isRoot: boolean, found: References): void {
  const steps = path.steps ?? []
  const [first, second, third] = steps
  const isScope = first?.type === 'variable' && (first.value === '$' || (first.value === '' && isRoot))
  if (isScope && second?.type === 'name') noteName(String(second.value), third, found)
  else if (isScope) found.isOpen = true
  else if (isRoot && first?.type === 'name') noteName(String(first.value), second, found)
  for (const step of steps) {
    // A name's own parts, and whatever comes after the first step, look into values.
    if (step.type === 'name' || (isScope && step === first)) visitInner(step, found)
    else visit(step, isRoot && step === first, found)
  }
  visitInner(path, found)
}

const INNER = ['stages', 'predicate', 'group', 'terms'] as const

function visitInner(ast: Ast, found: References): void {
  for (const field of INNER) visit(ast[field], false, found)
}

/** A name of the scope, and the step of the path that follows it. */
function noteName(name: string, next: Ast | undefined, found: References): void {
  const isKnown = (SCOPE_NAMES as readonly string[]).includes(name)
  ;(isKnown ? found.names : found.unknown).add(name)
  if (name !== 'steps' && name !== 'input') return
  if (next?.type !== 'name') found.isOpen = true
  else (name === 'steps' ? found.steps : found.inputs).add(String(next.value))
}

function visitVariable(name: unknown, isRoot: boolean, found: References): void {
  if (name === '$' || (name === '' && isRoot)) found.isOpen = true
  if (FORBIDDEN.has(String(name))) found.forbidden.add(String(name))
}

/** Fields that hold no expression: words, and what is named rather than read. */
const NOT_READ: Readonly<Record<string, readonly string[]>> = { lambda: ['arguments'], bind: ['lhs'] }

function visitParts(ast: Ast, isRoot: boolean, found: References): void {
  for (const [field, part] of Object.entries(ast)) {
    if (NOT_READ[ast.type ?? '']?.includes(field) || field === 'signature' || field === 'ancestor') continue
    if (part instanceof RegExp) continue
    const isInner = (INNER as readonly string[]).includes(field) || ast.type === 'transform'
    visit(part, isRoot && !isInner, found)
  }
}
