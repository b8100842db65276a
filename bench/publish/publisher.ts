/** The process under test: the function `default`, as the environment of one agent that publishes message after message. */
import { randomUUID } from 'node:crypto';
// Reads the variables of the process and builds its clients, as a cold start does.
import { handler } from '../../lambda/functions/default';
import { serveIpc } from '../serve-ipc';

export interface PublisherTask {
  readonly publishes: number;
}

export interface PublisherFigures {
  /** Processor time, as the mean of the task's publishes. */
  readonly cpuMsEach: number;
}

const connectedAt = Date.now();
const authorizer = {
  tenant: 'bench',
  agent: 'publisher',
  channel: 'all',
  grants: JSON.stringify({ '*': ['publish'] }),
  exp: String(Math.floor(connectedAt / 1_000) + 7_200),
  level: '1',
  echo: 'false',
};

async function publish(): Promise<void> {
  const event = {
    requestContext: {
      connectionId: 'publisher=',
      requestId: randomUUID(),
      requestTimeEpoch: Date.now(),
      connectedAt,
      authorizer,
    },
    body: JSON.stringify({ id: randomUUID(), content: 'x'.repeat(200) }),
  };
  await handler(event);
}

serveIpc(async ({ publishes }: PublisherTask): Promise<PublisherFigures> => {
  const cpu = process.cpuUsage();
  for (let number = 0; number < publishes; number++) await publish();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMsEach: (user + system) / 1_000 / publishes };
});
