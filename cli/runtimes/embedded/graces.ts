/** How long the server and workers may take to finish what they do. */
export const SERVER_GRACE_MS = 25_000

/** How long a store may take to write down what it holds. */
export const STORE_GRACE_MS = 60_000

/** Seconds after which a whole stop is over: servers first, then stores, and what is left is killed. */
export const STOP_SECONDS = (SERVER_GRACE_MS + STORE_GRACE_MS) / 1_000 + 35
