import type { BaseCheckpointSaver } from '@langchain/langgraph'
import { switchOffTracing } from '../../../../config/switch-off-tracing.js'
import { createCheckpointer } from './checkpointer.js'

/** The part of the library that is used. */
export type LangGraph = typeof import('@langchain/langgraph')

export interface LoadedLangGraph {
  langgraph: LangGraph
  checkpointer: BaseCheckpointSaver
}

let loading: Promise<LoadedLangGraph> | undefined

/** The library, loaded with the first run that is executed: it takes more memory than a server that runs none needs. */
export function loadLangGraph(): Promise<LoadedLangGraph> {
  switchOffTracing()
  loading ??= import('@langchain/langgraph').then((langgraph) => ({
    langgraph,
    checkpointer: createCheckpointer(langgraph),
  }))
  return loading
}
