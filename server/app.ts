import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express from 'express'
import { createDispatch, type ServerState } from './http/dispatch.js'
import { isOperatorToken } from './http/maintenance.js'
import { mountPages } from './http/pages.js'
import { Streams } from './http/streams.js'
import type { Resources } from './kernel/resources.js'

export interface App {
  listener: RequestListener
  /** Once draining, readiness answers 503, streams end and connections are closed after their answer. */
  drain(): void
}

/**
 * The whole HTTP application over open resources. Route records are answered straight from node:http; what is
 * no record (documents, health, metrics, pages) goes on to Express. Without `api` only health and metrics are there,
 * by which a worker is watched.
 */
export function buildApp(resources: Resources, { api = true }: { api?: boolean } = {}): App {
  const state: ServerState = { draining: false, streams: new Streams(resources.config) }
  resources.maintenance.onChange((isOn) => {
    if (isOn) state.streams.rest((principal) => !isOperatorToken(principal))
  })
  const dispatch = api ? createDispatch(resources, state) : () => false
  const pages = express()
  mountPages(pages, resources, state, { api })
  return {
    listener: (request: IncomingMessage, response: ServerResponse) => {
      if (state.draining) response.setHeader('Connection', 'close')
      if (!dispatch(request, response)) pages(request, response)
    },
    drain: () => {
      state.draining = true
      state.streams.drain()
    },
  }
}
