/**
 * Which bus the conformance suite talks to: a laptop gateway that it starts itself, or the stage behind `TARGET_URL`
 * (`wss://{id}.execute-api.{region}.amazonaws.com`), with `TARGET_EDGE_URL` (`wss://{domain}/v1`) and `TARGET_TOKEN_COMMAND`;
 * `TARGET_TIMEOUT_MS` is the longest that a test may take.
 */

export interface Target {
  readonly base: string;
  readonly edge: string;
  readonly tokenCommand: string;
}

export const target: Target | undefined = readTarget();

// A token from a command takes a process of its own, and a stage may be far away.
if (target !== undefined && process.env.JEST_WORKER_ID !== undefined) {
  jest.setTimeout(Number(process.env.TARGET_TIMEOUT_MS ?? 120_000));
}

function readTarget(): Target | undefined {
  const { TARGET_URL, TARGET_EDGE_URL, TARGET_TOKEN_COMMAND } = process.env;
  if (TARGET_URL === undefined || TARGET_URL === '') return undefined;
  if (TARGET_EDGE_URL === undefined || TARGET_TOKEN_COMMAND === undefined) {
    throw new Error('TARGET_URL needs TARGET_EDGE_URL and TARGET_TOKEN_COMMAND beside it');
  }
  return { base: TARGET_URL, edge: TARGET_EDGE_URL, tokenCommand: TARGET_TOKEN_COMMAND };
}

/** What only a gateway of our own has. */
export type GatewayPart = 'clock' | 'tables' | 'faults' | 'signing key' | 'log' | 'settings' | 'machine';

/** `test` for a rule that can't be proved from outside; against a stage its title says so and it is left out. */
export function needs(
  part: GatewayPart,
): (title: string, run: () => Promise<void>, timeoutMs?: number) => void {
  if (target === undefined) return test;
  return (title, run) => {
    test.skip(`${title} (left out: needs the gateway's ${part})`, run);
  };
}
