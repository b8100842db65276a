/**
 * A random fault plan for the laptop gateway: a few of the rules below, each with a rate of its own.
 */
import { seededRandom } from '../../gateway/faults/decisions';
import type { FaultPlanInput } from '../../gateway/index';

type Rule = NonNullable<FaultPlanInput['rules']>[number];

/** The share of calls that a rule hits is drawn up to this. */
interface Candidate {
  readonly most: number;
  readonly rule: Rule;
}

const dynamo = (most: number, rule: Omit<Rule, 'service'>): Candidate => ({
  most,
  rule: { service: 'dynamodb', ...rule },
});
const posts = (most: number, rule: Omit<Rule, 'service' | 'operation'>): Candidate => ({
  most,
  rule: { service: 'connections', operation: 'post', ...rule },
});
const events = (most: number, operation: string, rule: Omit<Rule, 'service' | 'operation'>): Candidate => ({
  most,
  rule: { service: 'event', operation, ...rule },
});

export const candidates: readonly Candidate[] = [
  dynamo(0.15, { fault: 'error' }),
  dynamo(0.15, { fault: 'error', when: 'after' }),
  dynamo(0.3, { operation: 'PutItem', table: 'MessageTable', fault: 'error', when: 'after' }),
  dynamo(0.3, { fault: 'throttle' }),
  dynamo(0.2, { fault: 'delay', delayMs: 300 }),
  dynamo(0.02, { fault: 'hang' }),
  dynamo(0.02, { fault: 'hang', when: 'after' }),
  dynamo(0.05, { operation: 'PutItem', table: 'MessageTable', fault: 'delay', delayMs: 1_200 }),
  dynamo(0.1, { fault: 'reset' }),
  dynamo(0.1, { fault: 'reset', when: 'after' }),
  dynamo(0.3, { fault: 'duplicate', operation: 'UpdateItem' }),
  dynamo(0.5, { fault: 'stale' }),
  dynamo(0.5, { fault: 'split' }),
  dynamo(0.5, { fault: 'empty' }),
  dynamo(0.05, { fault: 'kill', times: 6 }),
  dynamo(0.05, { fault: 'kill', when: 'after', times: 6 }),
  posts(0.2, { fault: 'error', status: 410 }),
  posts(0.3, { fault: 'throttle' }),
  posts(0.2, { fault: 'error', status: 500 }),
  posts(0.1, { fault: 'error', status: 503, when: 'after' }),
  posts(0.02, { fault: 'hang' }),
  posts(0.02, { fault: 'hang', when: 'after' }),
  posts(0.1, { fault: 'reset' }),
  posts(0.1, { fault: 'reset', when: 'after' }),
  posts(0.1, { fault: 'duplicate' }),
  posts(0.2, { fault: 'delay', delayMs: 200 }),
  posts(0.02, { fault: 'kill', times: 4 }),
  { most: 0.5, rule: { service: 'lambda', fault: 'error', status: 500 } },
  events(0.2, 'message', { fault: 'delay', delayMs: 150 }),
  events(0.1, 'message', { fault: 'delay', delayMs: 5_000 }),
  events(0.2, 'message', { fault: 'duplicate', delayMs: 0 }),
  events(0.2, 'message', { fault: 'duplicate', delayMs: 20 }),
  events(0.1, 'message', { fault: 'duplicate', delayMs: 1_000 }),
  events(0.1, 'message', { fault: 'duplicate', delayMs: 5_000 }),
  events(0.05, 'message', { fault: 'lose' }),
  events(0.5, 'disconnect', { fault: 'lose' }),
  events(0.5, 'disconnect', { fault: 'duplicate', delayMs: 0 }),
  events(0.5, 'disconnect', { fault: 'delay', delayMs: 2_000 }),
];

export function planFor(seed: number): FaultPlanInput {
  const random = seededRandom(seed);
  const rules = candidates
    .filter(() => random() < 0.35)
    .map(({ most, rule }): Rule => ({ ...rule, probability: (0.2 + 0.8 * random()) * most }));
  const clocks = ['AuthorizerFunction', 'ConnectFunction', 'DefaultFunction']
    .filter(() => random() < 0.3)
    .map((name) => ({
      function: name,
      skewMs: Math.round((2 * random() - 1) * 300_000),
      fromMs: random() < 0.5 ? 0 : 1_000,
    }));
  return { seed, rules, clocks };
}

type NamedBy = 'service' | 'operation' | 'table' | 'fault' | 'when' | 'status' | 'delayMs';

/** What it is called in reports and in docs/reliability.md. */
export function nameOf(rule: Partial<Readonly<Record<NamedBy, string | number | undefined>>>): string {
  const { service, operation, table, fault, when, status = 500 } = rule;
  // As the gateway fills it in.
  const { delayMs = fault === 'duplicate' ? 1_000 : undefined } = rule;
  const parts: (string | number | undefined)[] = [service, operation, table, fault];
  if (fault === 'error') parts.push(status);
  if (fault === 'delay' || fault === 'duplicate') parts.push(delayMs);
  if (when === 'after') parts.push(when);
  return parts.filter((part) => part !== undefined).join(' ');
}
