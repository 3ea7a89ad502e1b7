import { expect } from 'chai'
import { parseExpression } from './parse-expression.js'

async function of(text: string) {
  const parsed = await parseExpression(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  const { steps, inputs, unknown, isOpen, forbidden, names } = parsed.references
  return {
    steps: [...steps].sort(),
    inputs: [...inputs].sort(),
    unknown: [...unknown].sort(),
    names: [...names].sort(),
    forbidden: [...forbidden],
    isOpen,
  }
}

describe('what an expression refers to', () => {
  it('is read off wherever the scope itself is looked at', async () => {
    expect(await of('steps.a.output.x + input.y')).to.deep.include({
      steps: ['a'],
      inputs: ['y'],
      isOpen: false,
    })
    expect((await of('$map(input.items, function($v) { $v.p & steps.b.output })')).steps).to.deep.equal(['b'])
    expect(
      (await of('( $x := steps.a.output; $x ? steps.b.output : [steps.c.output] )')).steps,
    ).to.deep.equal(['a', 'b', 'c'])
    expect((await of('{"k": steps.d.output} ~> $string()')).steps).to.deep.equal(['d'])
    expect((await of('$$.steps.e.output & $.steps.f.output')).steps).to.deep.equal(['e', 'f'])
    expect((await of('(steps.g.output)[0].name')).steps).to.deep.equal(['g'])
    expect((await of('steps.h.output ~> |items|{"n": n * 2}|')).steps).to.deep.equal(['h'])
  })

  it('is not what values hold that are called the same', async () => {
    const inner = await of('input.orders[steps.x = 1].steps.y^(steps){name: price}')
    expect(inner).to.deep.include({ steps: [], inputs: ['orders'], unknown: [] })
    expect((await of('input.orders[$$.steps.z.output = id]')).steps).to.deep.equal(['z'])
  })

  it('is open where it cannot be told', async () => {
    for (const text of [
      'steps',
      '$lookup(steps, input.name)',
      'steps.*',
      '**.output',
      '$',
      '$$',
      'input',
      '$keys(input)',
      'item.%.x',
    ])
      expect((await of(text)).isOpen, text).to.equal(true)
    for (const text of ['1 + 1', '"steps"', 'item.name', '$now()', 'steps.a.output.*'])
      expect((await of(text)).isOpen, text).to.equal(false)
  })

  it('holds names that nobody knows, and functions that may not be used', async () => {
    expect((await of('stpes.a.output + inpt')).unknown).to.deep.equal(['inpt', 'stpes'])
    expect((await of('$eval("1") + $map([1], $eval)')).forbidden).to.deep.equal(['eval'])
    expect((await of('item & $string(index)')).names).to.deep.equal(['index', 'item'])
  })

  it('is a problem where it cannot be read, with where', async () => {
    expect(await parseExpression('a +'))
      .to.have.property('problem')
      .that.matches(/character/)
    expect(await parseExpression('('.repeat(3_000))).to.have.property('problem')
  })
})
