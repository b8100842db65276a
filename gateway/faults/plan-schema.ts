/**
 * The schema of a fault plan: which calls and events get which fault, and how often. An invalid plan throws one
 * sentence about the first error. The plan refers to calls of AWS, not to the protocol of the bus.
 */
import * as v from 'valibot';
import { GatewayError } from '../gateway-error';

export const services = ['dynamodb', 'connections', 'lambda', 'eventbridge', 'event'] as const;
export type Service = (typeof services)[number];

/**
 * - `error`: an answer of `status` (default 500). `throttle`: the service returns its throttling error.
 * - `delay`: the answer comes `delayMs` later. `hang`: no answer. `reset`: the socket is closed without an answer.
 * - `duplicate`: the call is made, or the event delivered, twice; a second event comes `delayMs` later.
 * - `stale`: a read that is not strongly consistent gets the previous answer to the same question.
 * - `split`: pages of one item. `empty`: a further page without items that is not the last.
 * - `kill`: the function's process ends at this call. `lose`: the event never reaches a function.
 */
export const faultKinds = [
  'error',
  'throttle',
  'delay',
  'hang',
  'reset',
  'duplicate',
  'stale',
  'split',
  'empty',
  'kill',
  'lose',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The possible faults of each service. */
const supportedFaults: Readonly<Record<Service, readonly FaultKind[]>> = {
  dynamodb: ['error', 'throttle', 'delay', 'hang', 'reset', 'duplicate', 'stale', 'split', 'empty', 'kill'],
  connections: ['error', 'throttle', 'delay', 'hang', 'reset', 'duplicate', 'kill'],
  lambda: ['error', 'throttle', 'delay', 'hang', 'reset', 'duplicate', 'kill'],
  eventbridge: ['error', 'throttle', 'delay', 'hang', 'reset', 'duplicate', 'kill'],
  event: ['delay', 'duplicate', 'lose'],
};

const text = (expected: string) => v.pipe(v.string(expected), v.regex(/^\S{1,200}$/, expected));
const number = (expected: string, from: number, to: number) =>
  v.pipe(v.number(expected), v.minValue(from, expected), v.maxValue(to, expected));
const milliseconds = number('milliseconds from 0 to a day', 0, 86_400_000);
const count = v.pipe(
  v.number('a whole number from 1'),
  v.integer('a whole number from 1'),
  v.minValue(1, 'a whole number from 1'),
);

const ruleSchema = v.strictObject(
  {
    service: v.picklist(services, `one of ${services.join(', ')}`),
    /** Such as `PutItem`, `post`, `Invoke`, `PutEvents`, `disconnect`; default: all. Case-insensitive. */
    operation: v.optional(text('the name of an operation')),
    /** A part of the table's name. */
    table: v.optional(text('a part of the name of a table')),
    /** A part of the name of the function that makes the call or gets the event. */
    function: v.optional(text('a part of the name of a function')),
    fault: v.picklist(faultKinds, `one of ${faultKinds.join(', ')}`),
    /** Whether the fault happens before or after the effect of the call; default `before`. */
    when: v.optional(v.picklist(['before', 'after'], '"before" or "after"'), 'before'),
    status: v.optional(number('an HTTP status from 400 to 599', 400, 599), 500),
    delayMs: v.optional(milliseconds, 1_000),
    /** The probability of the fault for each matching call; default 1. */
    probability: v.optional(number('a number from 0 to 1', 0, 1), 1),
    /** Only the nth matching call, counted from 1. */
    nth: v.optional(count),
    /** The maximum number of faults. */
    times: v.optional(count),
    /** Milliseconds since the plan began. */
    fromMs: v.optional(milliseconds, 0),
    untilMs: v.optional(milliseconds),
  },
  'an object of the known members',
);

const clockSchema = v.strictObject(
  {
    /** A part of the names of the functions with the wrong clock. */
    function: text('a part of the name of a function'),
    skewMs: v.pipe(
      number('whole milliseconds, at most a day either way', -86_400_000, 86_400_000),
      v.integer('whole milliseconds, at most a day either way'),
    ),
    /** When the clock jumps; default: from the start. */
    fromMs: v.optional(milliseconds, 0),
  },
  'an object of function, skewMs, fromMs',
);

const planSchema = v.strictObject(
  {
    /** Every decision depends only on it and on the number of the call; default 1. */
    seed: v.optional(number('a number from 0 to 2^32', 0, 2 ** 32), 1),
    rules: v.optional(v.array(ruleSchema, 'a list of rules'), []),
    clocks: v.optional(v.array(clockSchema, 'a list of clocks'), []),
  },
  'an object of seed, rules, clocks',
);

export type ParsedFaultPlan = v.InferOutput<typeof planSchema>;
export type FaultRule = ParsedFaultPlan['rules'][number];
/** A plan as written: members with a default are optional. */
export type FaultPlanInput = v.InferInput<typeof planSchema>;

const hint = 'See docs/faults.md for the members of a plan.';

/** Throws a `GatewayError` with the first error. */
export function parseFaultPlan(value: unknown): ParsedFaultPlan {
  const { success, output, issues } = v.safeParse(planSchema, value);
  if (!success) {
    throw new GatewayError(`The fault plan ${describeIssue(issues[0])}.`, hint);
  }
  for (const [index, rule] of output.rules.entries()) checkRule(rule, index);
  return output;
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `has an unknown member ${path ?? ''}`;
  if (issue.type === 'strict_object' && path !== null && issue.received === 'undefined')
    return `needs ${path}`;
  return path === null ? `must be ${issue.message}` : `has a wrong ${path}: it must be ${issue.message}`;
}

function checkRule({ service, fault, table, fromMs, untilMs }: FaultRule, index: number): void {
  const problem = !supportedFaults[service].includes(fault)
    ? `cannot have the fault ${fault}: ${service} supports ${supportedFaults[service].join(', ')}`
    : table !== undefined && service !== 'dynamodb'
      ? 'names a table, which only dynamodb has'
      : untilMs !== undefined && untilMs <= fromMs
        ? 'ends before it begins'
        : undefined;
  if (problem !== undefined) throw new GatewayError(`The fault plan's rules.${index} ${problem}.`, hint);
}
