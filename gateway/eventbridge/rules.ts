/**
 * The rules of the stack: an event that matches goes to their queues and functions, in the form that the target asks for. Source:
 * Amazon EventBridge user guide, "Input transformation".
 */
import type { Functions } from '../functions/functions';
import { type JsonObject, valueAt } from '../json';
import type { Logger } from '../options';
import type { Queue } from '../queues/queues';
import type { RuleModel, RuleTargetModel } from '../template/model';
import { matchesPattern, unsupportedPart } from './pattern';

/** Hands an event, as a target gets it, to the rules of the bus. */
export type Deliver = (bus: string, event: JsonObject) => void;

/** A rule whose pattern the gateway cannot evaluate does not run; a line in the log says so. */
export function startRules(
  rules: readonly RuleModel[],
  functions: Pick<Functions, 'dispatch'>,
  queues: readonly Queue[],
  log: Logger,
): Deliver {
  const running = rules.filter(({ name, pattern, targets }) => {
    const part = unsupportedPart(pattern);
    if (part === undefined) return true;
    const text = `The rule ${name} does not run: the gateway does not support ${part} in its pattern.`;
    log({ function: targets[0]?.functionName ?? name, stream: 'platform', text });
    return false;
  });
  return (bus, event) => {
    for (const rule of running) {
      if (rule.bus !== bus || !matchesPattern(rule.pattern, event)) continue;
      for (const target of rule.targets) {
        const input = inputFor(target, event);
        const queue = queues.find(({ model }) => model.url === target.queueUrl);
        if (queue !== undefined) queue.send([input]);
        else if (target.functionName !== undefined) void functions.dispatch(target.functionName, input);
      }
    }
  };
}

function inputFor({ input, inputPath, template, paths }: RuleTargetModel, event: JsonObject): string {
  if (input !== undefined) return input;
  if (inputPath !== undefined) return jsonOf(valueAt(event, inputPath));
  return template === undefined ? JSON.stringify(event) : filled(template, paths, event);
}

/** A variable in a text becomes text, any other JSON. One without a value disappears. */
function filled(template: string, paths: ReadonlyMap<string, string>, event: JsonObject): string {
  return template.replace(/"(?:[^"\\]|\\.)*"|<([\w.-]+)>/g, (part, variable?: string) => {
    if (variable !== undefined) return jsonOf(valueOf(variable, paths, event));
    return part.replace(/<([\w.-]+)>/g, (_, name: string) => {
      const value = valueOf(name, paths, event);
      const text = typeof value === 'string' ? value : jsonOf(value);
      return JSON.stringify(text).slice(1, -1);
    });
  });
}

function valueOf(name: string, paths: ReadonlyMap<string, string>, event: JsonObject): unknown {
  if (name === 'aws.events.event.json') return event;
  const path = paths.get(name);
  return path === undefined ? undefined : valueAt(event, path);
}

function jsonOf(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}
