/**
 * The file with the outputs of deployments, by Region and stack, so that a deployment overwrites only what it wrote itself. A file
 * of the toolkit (`cdk deploy --outputs-file`), by stack alone, is read as well.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { UsageError } from '../usage-error';

export type Outputs = Readonly<Partial<Record<string, string>>>;

const outputsSchema = v.record(v.string(), v.record(v.string(), v.string()));

/** @throws UsageError when it is not such a file; `undefined` when there is none */
export function readOutputsFile(file: string): Readonly<Record<string, Outputs>> | undefined {
  if (!existsSync(file)) return undefined;
  const outputs = v.safeParse(v.pipe(v.string(), v.parseJson(), outputsSchema), readFileSync(file, 'utf8'));
  if (outputs.success) return outputs.output;
  throw new UsageError(`${path.basename(file)} does not contain the outputs of stacks.`);
}

/** Adds what a run of the toolkit has written. */
export function mergeOutputs(file: string, written: string): void {
  const found = readOutputsFile(written) ?? {};
  const entries = Object.entries(found).map(([stack, outputs]) => [keyOf(stack, outputs), outputs] as const);
  if (entries.length === 0) return;
  const all = { ...readOutputsFile(file), ...Object.fromEntries(entries) };
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
}

function keyOf(stack: string, outputs: Outputs): string {
  const region = Object.values(outputs)
    .map((value) => /\.execute-api\.([a-z0-9-]+)\./.exec(value ?? '')?.[1])
    .find((each) => each !== undefined);
  return region === undefined ? stack : `${region}/${stack}`;
}

/** @throws UsageError when several Regions have the stack and none is chosen; `undefined` when it is not there */
export function outputsIn(all: Readonly<Record<string, Outputs>>, stack: string): Outputs | undefined {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const matching = Object.keys(all).filter((key) => key === stack || key.endsWith(`/${stack}`));
  const [only, ...others] = matching;
  if (only === undefined) return undefined;
  if (others.length === 0) return all[only];
  const chosen = all[`${region ?? ''}/${stack}`];
  if (chosen !== undefined) return chosen;
  throw new UsageError(
    `The outputs have "${stack}" in several Regions; set AWS_REGION to one of them: ${matching.join(', ')}.`,
  );
}

/** @throws UsageError when the file or the stack is missing */
export function outputsFromFile(stack: string, file: string): Outputs {
  const name = path.basename(file);
  const all = readOutputsFile(file);
  if (all === undefined) throw new UsageError(`There is no ${name}; a deployment writes it.`);
  const found = outputsIn(all, stack);
  if (found !== undefined) return found;
  const known = Object.keys(all).join(', ') || 'none';
  throw new UsageError(`${name} has no stack "${stack}", only: ${known}.`);
}
