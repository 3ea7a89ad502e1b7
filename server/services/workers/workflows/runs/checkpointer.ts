import type { RunnableConfig } from '@langchain/core/runnables'
import type {
  BaseCheckpointSaver,
  Checkpoint,
  CheckpointMetadata,
  CheckpointTuple,
} from '@langchain/langgraph'
import type { StoredCheckpoint } from '../models/checkpoint.js'
import type { CheckpointRow, ValueRow, WriteRow } from '../models/progress.js'
import type { LangGraph } from './langgraph.js'

/** What the checkpointer needs of the run in hand, which each call's configuration carries under RUN. */
export interface CheckpointStore {
  readonly runId: string
  read(ns: string, id: string | undefined): Promise<StoredCheckpoint | null>
  keepCheckpoint(row: CheckpointRow, values: readonly ValueRow[], all: Record<string, unknown>): Promise<void>
  keepWrites(rows: readonly WriteRow[]): Promise<void>
  /** Nodes that ended, and where they lead, since the last checkpoint of the namespace. */
  takeMoves(ns: string): { after: string[]; next: string[] }
}

/** Where a configuration carries the run in hand; LangGraph passes it on to everything below. */
export const RUN = '__run'

/** Places in which LangGraph keeps what is no ordinary write: negative, so that they meet no others. */
const SPECIAL: Readonly<Record<string, number>> = {
  __error__: -1,
  __scheduled__: -2,
  __interrupt__: -3,
  __resume__: -4,
}

/**
 * LangGraph's checkpoints in the tables of the run's tenant. Values are plain JSON and come back as such: nothing read
 * is ever turned into anything but data. A checkpoint is found by run, namespace and id, and by nothing a caller names;
 * listing by filters is not offered.
 */
export function createCheckpointer(langgraph: LangGraph): BaseCheckpointSaver {
  class RunCheckpointer extends langgraph.BaseCheckpointSaver {
    async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
      const { store, ns, id } = placeOf(config)
      const stored = await store.read(ns, id)
      return stored ? tupleOf(store.runId, ns, stored) : undefined
    }

    // biome-ignore lint/correctness/useYield: nothing here lists checkpoints, and LangGraph does not ask.
    async *list(): AsyncGenerator<CheckpointTuple> {
      throw new TypeError('checkpoints are not listed through LangGraph')
    }

    async put(
      config: RunnableConfig,
      checkpoint: Checkpoint,
      metadata: CheckpointMetadata,
      newVersions: Record<string, string | number>,
    ): Promise<RunnableConfig> {
      const { store, ns, id: parentId } = placeOf(config)
      const { channel_values: all, ...state } = checkpoint
      const values = Object.entries(newVersions)
        .filter(([channel]) => Object.hasOwn(all, channel))
        .map(([channel, version]) => ({ ns, channel, version: Number(version), value: all[channel] ?? null }))
      const row = {
        ...store.takeMoves(ns),
        ns,
        id: checkpoint.id,
        parent_id: parentId ?? null,
        step: metadata.step,
        state,
        metadata: { source: metadata.source, step: metadata.step, parents: metadata.parents },
      }
      await store.keepCheckpoint(row, values, all)
      return configOf(store.runId, ns, checkpoint.id)
    }

    async putWrites(
      config: RunnableConfig,
      writes: [channel: string, value: unknown][],
      taskId: string,
      taskPath = '',
    ): Promise<void> {
      const { store, ns, id } = placeOf(config)
      await store.keepWrites(
        writes.map(([channel, value], i) => ({
          ns,
          checkpoint_id: id ?? '',
          task_id: taskId,
          idx: SPECIAL[channel] ?? i,
          path: taskPath,
          channel,
          value: value ?? null,
        })),
      )
    }

    async deleteThread(): Promise<void> {
      throw new TypeError('runs are removed by their retention')
    }
  }
  return new RunCheckpointer()
}

function placeOf({ configurable = {} }: RunnableConfig): {
  store: CheckpointStore
  ns: string
  id: string | undefined
} {
  return {
    store: configurable[RUN] as CheckpointStore,
    ns: String(configurable.checkpoint_ns ?? ''),
    id: configurable.checkpoint_id as string | undefined,
  }
}

function configOf(runId: string, ns: string, id: string): RunnableConfig {
  return { configurable: { thread_id: runId, checkpoint_ns: ns, checkpoint_id: id } }
}

function tupleOf(runId: string, ns: string, stored: StoredCheckpoint): CheckpointTuple {
  const { id, parentId, state, metadata, values, writes } = stored
  return {
    config: configOf(runId, ns, id),
    checkpoint: { ...state, channel_values: values } as unknown as Checkpoint,
    metadata: metadata as unknown as CheckpointMetadata,
    pendingWrites: writes.map(({ taskId, channel, value }) => [taskId, channel, value]),
    ...(parentId ? { parentConfig: configOf(runId, ns, parentId) } : {}),
  }
}
