import type { AddressInfo } from 'node:net'
import express from 'express'

/** The yardstick: a bare Express 5 application with one JSON route. It prints its port when it listens. */
const app = express()
app.get('/', (_request, response) => {
  response.json({ id: '01980000-0000-7000-8000-000000000000', name: 'An organisation', status: 'active' })
})
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port)
})
