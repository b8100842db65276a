/** A fleet with the SDK that does nothing for 18 hours, on moved clocks: the forecast against what the gateway counted. */
import WebSocket from 'ws';
import { idleCounts } from '../../bin/cost/forecast';
import { PubSub } from '../../clients/javascript/index';
import { billFor, type Counts, countsBetween } from '../../gateway';
import { fresh } from '../helpers/bus';
import { FakeTimers } from '../helpers/fake-timers';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
const hours = 18;
const hourMs = 3_600_000;
/** Shorter than the client waits for any answer. */
const stepMs = 2_000;
const fleet = [0, 0, 1, 1].map((channels, index) => ({ agent: `agent-${index}`, channels }));
const memoryMb = 512;

/** Each step begins when nothing is under way in the service, and the sockets have had their turn. */
async function pass(ms: number, clients: FakeTimers): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clients.advance(stepMs);
    await bus.inside.gateway.clock.advance(stepMs);
    await bus.atRest();
  }
}

test(`the forecast of ${hours} idle hours is within 5 % of what the gateway counted`, async () => {
  const tenant = fresh('tenant');
  const before: Counts = bus.inside.gateway.costs().counts;
  const errors: unknown[] = [];
  const timers = new FakeTimers();
  const clients = fleet.map(({ agent }) => {
    const token = () => bus.token({ tenant, agent, expiresInSeconds: 86_400 });
    const client = new PubSub({ url: bus.baseUrls.edge, token, WebSocket }, timers);
    client.on('error', (error) => errors.push(error));
    client.on('retrying', (error) => errors.push(error));
    return client;
  });
  for (const [index, client] of clients.entries())
    await (fleet[index]!.channels > 0 ? client.channel('news').subscribe(() => undefined) : client.connect());
  await pass(hours * hourMs, timers);
  const counts = countsBetween(before, bus.inside.gateway.costs().counts);
  await Promise.all(clients.map((client) => client.close()));
  expect(errors).toEqual([]);
  const channelsPerAgent = fleet.reduce((sum, { channels }) => sum + channels, 0) / fleet.length;
  const seconds = hours * 3_600;
  const forecast = idleCounts({ agents: fleet.length, channelsPerAgent, seconds, memoryMb });
  // Each agent pings nearly every nine minutes, and has had ten connections or more.
  expect(counts.messagesIn).toBeGreaterThan(fleet.length * hours * 6);
  expect(counts.handshakes).toBeGreaterThanOrEqual(fleet.length * 10);
  expect(billFor(forecast).dollars / billFor(counts).dollars).toBeGreaterThan(0.95);
  expect(billFor(forecast).dollars / billFor(counts).dollars).toBeLessThan(1.05);
}, 300_000);
