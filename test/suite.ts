/**
 * `npm run suite NAME [-- options]`: one of the suites and measurements that `npm test` leaves out (docs/testing.md). Without a
 * name: their names. A step is words of a command line, after variables of its environment.
 */
import { spawnSync } from 'node:child_process';
import suites from './suites.json';

const byName: Readonly<Record<string, readonly string[]>> = suites;

function main([name = '', ...options]: readonly string[]): number {
  const steps = byName[name];
  if (steps === undefined) {
    console.error(`Usage: npm run suite NAME [-- options]\n\nNames: ${Object.keys(byName).join(', ')}`);
    return 2;
  }
  if (options.length > 0 && steps.length > 1) {
    console.error(`The suite "${name}" has ${steps.length} steps, and takes no options.`);
    return 2;
  }
  for (const step of steps) {
    const status = run([...step.split(' '), ...options]);
    if (status !== 0) return status;
  }
  return 0;
}

function run(words: readonly string[]): number {
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const variables = words.slice(0, first).map((word) => word.split('='));
  const [command = '', ...args] = words.slice(first);
  const env = { ...process.env, ...(Object.fromEntries(variables) as Record<string, string>) };
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error !== undefined) throw error;
  return status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
