/**
 * Whether walks over the steps of something go through each of them (VETRAI_TEST_LONG=1, as `npm run test:long` has it), or
 * only through those that differ most.
 */
export const walksEveryStep = Boolean(process.env.VETRAI_TEST_LONG)

/** A test of such a walk that the ordinary run leaves out. */
export function itOfLongWalks(title: string, test: () => Promise<void>): void {
  if (walksEveryStep) it(title, test)
}
