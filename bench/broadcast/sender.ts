/**
 * The process under test: our fan-out with one of the two senders, in a new process on its own core. Reports time and
 * memory.
 */
import { createDynamoClients } from '../../lambda/aws/dynamo/dynamo-calls';
import { DynamoAgentStore } from '../../lambda/aws/dynamo/agents/dynamo-agent-store';
import { DynamoConnectionStore } from '../../lambda/aws/dynamo/dynamo-connection-store';
import { createSender, type SenderKind } from '../../lambda/aws/calls/create-sender';
import { systemClock } from '../../lambda/aws/system-clock';
import { Deadline } from '../../lambda/shared/deadline';
import { fanOut, type FanOutCounts } from '../../lambda/delivery/fan-out';
import { RetryingSender } from '../../lambda/delivery/retrying-sender';
import { serveIpc } from '../serve-ipc';
import type { SinkReady } from './sink';

export type Transport = 'plain' | 'tls';

export interface BroadcastTask extends SinkReady {
  readonly kind: SenderKind;
  readonly bytes: number;
  readonly broadcasts: number;
  readonly transport: Transport;
}

export interface Broadcast {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly counts: FanOutCounts;
}

export interface BroadcastFigures {
  readonly broadcasts: readonly Broadcast[];
  /** Of the process before the first broadcast, and at its largest. */
  readonly idleRssMb: number;
  readonly peakRssMb: number;
}

/** Longer than the four seconds of our functions, so that the slower sender finishes too. */
const deadlineMs = 120_000;
const megabyte = 1_048_576;

serveIpc(async (task: BroadcastTask): Promise<BroadcastFigures> => {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_SESSION_TOKEN: 'bench'.repeat(100),
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${task.tablePort}`,
  });
  const { calls } = createDynamoClients();
  const connections = new DynamoConnectionStore(calls, 'connections', deadlineMs);
  const agents = new DynamoAgentStore(calls, 'agents', systemClock, deadlineMs);
  const sender = createSender(task.kind, postUrl(task));
  const log = { info: () => undefined, error: () => undefined };
  // No connection is gone in a broadcast, so presence is never announced.
  const presence = { invoker: { start: () => Promise.resolve() }, presenceFunction: '', presenceGraceMs: 0 };
  const deps = { connections, agents, sender, ...presence, clock: systemClock, log };
  const target = { tenantId: 'bench', channelId: 'all', senderConnectionId: 'none' };

  const idleRssMb = process.memoryUsage.rss() / megabyte;
  const broadcasts: Broadcast[] = [];
  for (let number = 0; number < task.broadcasts; number++) {
    const text = JSON.stringify({ id: `m${number}`, content: 'x'.repeat(task.bytes) });
    const deadline = new Deadline(systemClock, systemClock.monotonic() + deadlineMs);
    const messages = [{ textFor: () => text, acknowledged: Promise.resolve(), echo: undefined }];
    const began = performance.now();
    const cpu = process.cpuUsage();
    const pages = connections.subscribers('bench', 'all', true);
    const { counts } = await fanOut(
      deps,
      new RetryingSender(sender, systemClock, deadline),
      target,
      messages,
      pages,
      deadline,
    );
    const { user, system } = process.cpuUsage(cpu);
    broadcasts.push({ wallMs: performance.now() - began, cpuMs: (user + system) / 1_000, counts });
  }
  return { broadcasts, idleRssMb, peakRssMb: process.resourceUsage().maxRSS / 1_024 };
});

function postUrl({ transport, postPort }: BroadcastTask): string {
  return transport === 'tls' ? `https://localhost:${postPort}/ws` : `http://127.0.0.1:${postPort}/ws`;
}
