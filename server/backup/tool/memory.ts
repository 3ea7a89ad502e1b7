/**
 * How Node runs a program that takes and gives back megabytes all the time, as the one does that makes and reads backups. Memory
 * that goes back to the system comes from it again page by page: where a page is dear, as on many a virtual machine, that is a
 * quarter of what a restore costs the processor.
 */
export const TOOL_NODE_ARGS: readonly string[] = ['--max-semi-space-size=4']

/** For the allocator of glibc (mallopt(3)): all threads share what is free, and nothing of it goes back. Others take no notice. */
export const TOOL_ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '33554432',
  MALLOC_TRIM_THRESHOLD_: '1073741824',
}
