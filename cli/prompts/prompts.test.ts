import { expect } from 'chai'
import type { InitAnswers } from '../operations/init-deployment.js'
import { createTypist } from '../testing/typist.js'
import { askInit, problemOf } from './ask-init.js'
import { askName } from './ask-name.js'
import { askSecret } from './ask-secret.js'

const ENTER = '\n'
const DOWN = '\u001b[B'
const CLEAR = '\u0015'
const DEFAULTS = { name: 'shop', operator_email: 'me@vetrai.localhost', port: 8000 }

describe('questions', () => {
  it('of init propose what is safe, so that Enter is an answer', async () => {
    const typist = createTypist([
      ['How shall it run', ENTER],
      ['Name of this deployment', ENTER],
      ['Your e-mail', `ops@shop.example${ENTER}`],
      ['Port on', ENTER],
      ['Who may create an account', ENTER],
      ['Where does mail go', ENTER],
    ])
    expect(await askInit({}, DEFAULTS, typist.streams)).to.deep.equal({
      runtime: 'embedded',
      name: 'shop',
      operator_email: 'ops@shop.example',
      port: 8000,
      signup: 'invite',
    })
  })

  it('of init leave out what flags have answered', async () => {
    const typist = createTypist([
      ['Port on', `${CLEAR}8123${ENTER}`],
      ['Where does mail go', DOWN + ENTER],
      ['SMTP server', `mail.shop.example${ENTER}`],
      ['SMTP port', ENTER],
      ['SMTP user', ENTER],
      ['Sender', ENTER],
    ])
    const said: InitAnswers = {
      name: 'shop',
      runtime: 'embedded',
      operator_email: 'ops@shop.example',
      signup: 'open',
    }
    const answers = await askInit(said, DEFAULTS, typist.streams)
    expect(answers).to.include({ ...said, port: 8123, smtp_host: 'mail.shop.example', smtp_port: 587 })
    expect(typist.shown()).not.to.include('Name of this deployment')
  })

  it('of init go on with what containers need where they are chosen', async () => {
    const typist = createTypist([
      ['How shall it run', DOWN + ENTER],
      ['Who shall reach it', DOWN + ENTER],
      ['Domain name', `api.shop.example${ENTER}`],
      ['E-mail for the authority', ENTER],
      ['Where are files kept', ENTER],
      ['Which PostgreSQL', ENTER],
      ['Which Redis', DOWN + ENTER],
      ['Its URL, without password', `redis://cache.shop.example:6379${ENTER}`],
      ['Prometheus', `y${ENTER}`],
    ])
    const said: InitAnswers = {
      name: 'shop',
      operator_email: 'ops@shop.example',
      port: 8000,
      signup: 'open',
      smtp_host: 'mail',
    }
    expect(await askInit(said, DEFAULTS, typist.streams)).to.deep.equal({
      ...said,
      runtime: 'compose',
      domain: 'api.shop.example',
      redis_url: 'redis://cache.shop.example:6379',
      monitoring: true,
    })
  })

  it('of init refuse an answer in the words of the schema', () => {
    expect(problemOf({}, DEFAULTS, 'operator_email', 'nonsense')).to.include('email')
    expect(problemOf({}, DEFAULTS, 'name', 'Not A Name')).to.include('a-z')
    expect(problemOf({}, DEFAULTS, 'port', 99_999)).to.be.a('string')
    expect(problemOf({}, DEFAULTS, 'name', '')).to.be.a('string')
    expect(problemOf({}, DEFAULTS, 'name', 'good')).to.equal(undefined)
  })

  it('take the name of what is about to be lost as it is typed', async () => {
    const typist = createTypist([['Type shop to confirm', `shop${ENTER}`]])
    expect(await askName('shop', 'removes everything', typist.streams)).to.equal('shop')
  })

  it('never show a secret, and ask again until it was typed twice the same', async () => {
    const typist = createTypist([
      ['Password:', `one${ENTER}`],
      ['Password again:', `two${ENTER}`],
      ['Password:', `words of mine${ENTER}`],
      ['Password again:', `words of mine${ENTER}`],
    ])
    expect(await askSecret('password', true, typist.streams)).to.equal('words of mine')
    expect(typist.shown()).to.include('They differ').and.not.include('words of mine')
  })
})
