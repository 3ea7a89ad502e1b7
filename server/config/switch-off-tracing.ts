const SWITCHES = ['LANGSMITH_TRACING_V2', 'LANGSMITH_TRACING', 'LANGCHAIN_TRACING_V2', 'LANGCHAIN_TRACING']

/**
 * Takes away the variables by which LangChain's libraries send inputs and outputs to a service of their maker's, past
 * the guarded client: what tenants' workflows work on leaves only by their own steps.
 */
export function switchOffTracing(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of SWITCHES) delete environment[name]
}
