/**
 * `npm run suite load:publish [-- --node PATH]`: the processor time of a publish of 200 bytes to 10, in a warm process on one core; the
 * table and the connections are on the other.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { synthesize } from '../../bin/synthesis/synthesize';
import { Child } from '../child';
import { bundlesIn } from '../init/run';
import { figureOf } from '../stats';
import type { PublisherFigures, PublisherTask } from './publisher';
import type { ServiceTask } from './service';

const subscribers = 10;
const messageTable = 'messages';
const warm: PublisherTask = { publishes: 600 };
const measured: PublisherTask = { publishes: 400 };
const repetitions = 3;

const { values } = parseArgs({ options: { node: { type: 'string' } } });

/** Those of the template, but for the addresses. */
async function readVariables(): Promise<Readonly<Record<string, string>>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-publish-'));
  try {
    await synthesize(folder, undefined);
    return bundlesIn(folder).find(({ name }) => name === 'default')?.variables ?? {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function environment(variables: Readonly<Record<string, string>>, port: number): Record<string, string> {
  const origin = `http://127.0.0.1:${String(port)}`;
  return {
    ...variables,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_SESSION_TOKEN: 'bench'.repeat(100),
    AWS_ENDPOINT_URL_DYNAMODB: origin,
    CALLBACK_URL: `${origin}/ws`,
    MESSAGE_TABLE: messageTable,
    // Here an agent publishes faster than any may.
    AGENT_RATE: '0',
    TENANT_RATE: '0',
    AGENT_WORK_RATE: '0',
    TENANT_WORK_RATE: '0',
  };
}

async function cpuMs(variables: Readonly<Record<string, string>>): Promise<number> {
  const service = Child.start('publish/service.ts', { core: 1 });
  const task: ServiceTask = { subscribers, messageTable };
  const { port } = await service.ask<{ readonly port: number }>(task);
  const env = environment(variables, port);
  const options = { core: 0, executable: values.node, env, isSilent: true };
  const publisher = Child.start('publish/publisher.ts', options);
  try {
    await publisher.ask(warm);
    return (await publisher.ask<PublisherFigures>(measured)).cpuMsEach;
  } finally {
    await publisher.stop();
    await service.stop();
  }
}

async function main(): Promise<void> {
  const variables = await readVariables();
  const figures: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) figures.push(await cpuMs(variables));
  const { median, low, high } = figureOf(figures);
  console.log(`publish to ${subscribers}: ${median.toFixed(2)} ms (${low.toFixed(2)}–${high.toFixed(2)})`);
}

void main();
