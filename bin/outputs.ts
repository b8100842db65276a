/** The outputs of a deployment, as `npm run deploy` writes them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { UsageError } from './usage-error';

const outputsSchema = v.record(v.string(), v.record(v.string(), v.string()));

/** @throws UsageError when the file or the stack is missing */
export function readOutputs(stack: string, file: string): Readonly<Partial<Record<string, string>>> {
  const name = path.basename(file);
  if (!existsSync(file)) throw new UsageError(`There is no ${name}; a deployment writes it.`);
  const outputs = v.safeParse(v.pipe(v.string(), v.parseJson(), outputsSchema), readFileSync(file, 'utf8'));
  if (!outputs.success) throw new UsageError(`${name} does not contain the outputs of stacks.`);
  const found = outputs.output[stack];
  if (found !== undefined) return found;
  const known = Object.keys(outputs.output).join(', ') || 'none';
  throw new UsageError(`${name} has no stack "${stack}", only: ${known}.`);
}
