import { z } from 'zod'
import { defineState } from '../../../../kernel/resources.js'
import { retryAfterMs } from '../../../../outbound/retry-after.js'
import { createSafeFetch, type SafeFetch, type SafeResponse } from '../../../../outbound/safe-fetch.js'
import { declaredSchema, fitTo } from '../graph/json-schema.js'
import { template } from '../graph/pieces.js'
import { networkFailure } from './http.js'
import { type Step, StepFailure, type StepResult } from './step.js'

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: template(100_000),
})

export const modelConfig = z
  .strictObject({
    model: template(200).optional().describe('Name of the model; MODEL_DEFAULT where left out.'),
    system: template(100_000).optional(),
    prompt: template(100_000).optional(),
    messages: z.array(message).min(1).max(100).optional(),
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z.int().min(1).max(1_000_000).optional().describe('Tokens of the answer at most.'),
    output: z.enum(['text', 'json']).default('text'),
    schema: declaredSchema.optional().describe('What a JSON answer must be.'),
    timeout_s: z.int().min(1).max(600).default(120),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    message: 'give either prompt or messages',
  })
  .refine(({ output, schema }) => output === 'json' || schema === undefined, {
    path: ['schema'],
    message: 'is for "output": "json"',
  })
type ModelConfig = z.output<typeof modelConfig>

/** What an OpenAI-compatible server answers, as far as it is used. */
const completion = z.object({
  model: z.string().max(200).optional(),
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullable().optional() }),
        finish_reason: z.string().max(50).nullable().optional(),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: z.number().int().min(0).optional(),
      completion_tokens: z.number().int().min(0).optional(),
      total_tokens: z.number().int().min(0).optional(),
    })
    .nullable()
    .optional(),
})

/** Asks a model. Tokens are counted whether or not the answer is of use. */
export async function askModel(step: Step, raw: ModelConfig): Promise<StepResult> {
  const config = await step.config(modelConfig, raw)
  const { MODEL_DEFAULT } = step.ctx.config
  const model = config.model ?? MODEL_DEFAULT
  if (!model) throw new StepFailure('model_missing', 'The node names no model, and MODEL_DEFAULT is not set.')
  const left = step.tokensLeft()
  if (left <= 0) throw new StepFailure('token_limit', 'The run has used the tokens it may.')
  const messages = messagesOf(config)
  step.show({ model, messages })
  const answer = await send(step, config, {
    model,
    messages,
    max_tokens: Math.min(config.max_tokens ?? left, left),
    ...(config.temperature === undefined ? {} : { temperature: config.temperature }),
    ...formatOf(config),
  })
  return { output: outputOf(step, config, answer) }
}

function messagesOf({ system, prompt, messages }: ModelConfig) {
  return [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    ...(messages ?? [{ role: 'user' as const, content: prompt ?? '' }]),
  ]
}

function formatOf({ output, schema }: ModelConfig): Record<string, unknown> {
  if (output === 'text') return {}
  return {
    response_format: schema
      ? { type: 'json_schema', json_schema: { name: 'answer', schema } }
      : { type: 'json_object' },
  }
}

async function send(step: Step, { timeout_s }: ModelConfig, body: object): Promise<SafeResponse> {
  const { MODEL_BASE_URL, MODEL_API_KEY } = step.ctx.config
  const client = step.ctx.state(modelClient)
  if (!MODEL_BASE_URL || !client)
    throw new StepFailure('model_absent', 'This installation has no model server: MODEL_BASE_URL is not set.')
  try {
    return await client.fetch(`${MODEL_BASE_URL.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': step.idempotencyKey,
        ...(MODEL_API_KEY ? { authorization: `Bearer ${MODEL_API_KEY}` } : {}),
      },
      body: JSON.stringify(body),
      redirect: 'manual',
      timeoutMs: timeout_s * 1_000,
      signal: step.signal,
    })
  } catch (error) {
    throw networkFailure(error)
  }
}

function outputOf(step: Step, config: ModelConfig, answer: SafeResponse): unknown {
  if (!answer.ok) throw modelStatus(step, answer)
  const parsed = completion.safeParse(jsonOf(answer))
  if (!parsed.success)
    throw new StepFailure('bad_answer', 'The model server did not answer as OpenAI-compatible ones do.')
  const { usage, choices } = parsed.data
  step.useTokens(usage?.total_tokens ?? (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0))
  const [choice] = choices
  const text = choice?.message.content ?? ''
  if (config.output === 'text') return text
  if (choice?.finish_reason === 'length')
    throw new StepFailure('model_output_cut', 'The answer was cut off before its JSON was whole.')
  return checkedJson(text, config)
}

/** Models err now and then: another try may do better. */
function checkedJson(text: string, { schema }: ModelConfig): unknown {
  const bad = (why: string) => new StepFailure('model_output_invalid', why, { isRetryable: true })
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\s*```(?:json)?\s*|\s*```\s*$/g, ''))
  } catch {
    throw bad('The model was to answer in JSON and did not.')
  }
  if (!schema) return value
  const fitted = fitTo(schema, value)
  if ('value' in fitted) return fitted.value
  const [first] = fitted.misfits
  throw bad(`The model's answer does not fit its schema: ${first?.pointer ?? ''} ${first?.message ?? ''}`)
}

function jsonOf(answer: SafeResponse): unknown {
  try {
    return answer.json()
  } catch {
    return undefined
  }
}

function modelStatus(step: Step, { status, headers }: SafeResponse): StepFailure {
  return new StepFailure('model_status', `The model server answered ${status}.`, {
    isRetryable: status === 408 || status === 409 || status === 429 || status >= 500,
    retryAfterMs: retryAfterMs(headers['retry-after'], step.ctx.now()),
  })
}

/**
 * The client for the model server alone. The operator chose that server, which may well be on the same host; what
 * tenants choose never goes through here.
 */
const modelClient = defineState(
  'workflows.model-client',
  ({ config }): SafeFetch | null => {
    if (!config.MODEL_BASE_URL) return null
    const { hostname, port } = new URL(config.MODEL_BASE_URL)
    return createSafeFetch({ allow: [...config.OUTBOUND_ALLOW, port ? `${hostname}:${port}` : hostname] })
  },
  (client) => client?.close(),
)
