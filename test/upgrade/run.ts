/**
 * Upgrades from b45d54d: `npm run suite upgrade`. This service on tables that the old one has filled, the old SDK against this
 * service, and this SDK against the old service. Takes three minutes on two cores: 20 s for the packages and the SDK of the
 * old release, 20 s for the tables, and two minutes for two runs of `client-faults` side by side.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Bus, type Release } from '../helpers/bus';
import type * as assemblies from '../helpers/assembly';
import { checkOut, type OldRelease, oldCommit } from './old-release';
import { check, fill } from './tables';

const root = path.resolve(__dirname, '../..');
const messages = 200;

async function main(): Promise<void> {
  const old = checkOut();
  if (old === undefined) {
    console.log(`Upgrades are not tested: this clone does not have ${oldCommit}`);
    return;
  }
  try {
    await step(`this service on tables of ${oldCommit}`, () => upgradeTables(old));
    // Both are patient, so they share the two cores.
    const oldBus = path.join(old.root, 'test/helpers/bus.ts');
    await Promise.all([
      step(`the SDK of ${oldCommit} with this service`, () => clientFaults('--client', old.client)),
      step(`this SDK with the service of ${oldCommit}`, () => clientFaults('--bus', oldBus)),
    ]);
  } finally {
    old.remove();
  }
}

async function upgradeTables(old: OldRelease): Promise<void> {
  const folder = path.join(old.root, '.local/tables');
  mkdirSync(folder, { recursive: true });
  const before = await Bus.start({ folder, release: await releaseOf(old) });
  // The gateway first: the ends of the connections are not reported to it.
  const stop = (): Promise<void> => before.inside.gateway.stop().then(() => before.stop());
  const filled = await fill(before).finally(stop);
  const after = await Bus.start({ folder });
  await check(after, filled).finally(() => after.stop());
}

async function releaseOf(old: OldRelease): Promise<Release> {
  const { assemblyFor } = (await import(
    path.join(old.root, 'test/helpers/assembly.ts')
  )) as typeof assemblies;
  const { startGateway } = (await import(path.join(old.root, 'gateway/index.ts'))) as Release;
  return { assembly: await assemblyFor(), startGateway };
}

async function clientFaults(...args: readonly string[]): Promise<void> {
  const script = path.join(root, 'test/load/client-faults.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, '--messages', String(messages), ...args],
    { cwd: root, stdio: 'inherit' },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`client-faults ${args[0] ?? ''} has failed with ${String(code)}`);
}

async function step(name: string, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await work();
  console.log(`${name}: holds (${Math.round((performance.now() - startedAt) / 1_000)} s)`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
