/**
 * `npm run cost`: estimates the monthly cost of a load, line by line, with the floor and the list prices of other
 * services.
 */
import { parseArgs } from 'node:util';
import { runCommand } from './command';
import { costText, positive } from './cost-text';
import { forecast } from './forecast';
import type { Load } from './load';

const usage = `Usage: npm run cost -- [options]

  --agents N      agents that are connected all month (default: 100)
  --channels N    channels that are published to (default: 10)
  --rate R        publishes per second on each of them (default: 1)
  --fan-out N     subscribers who get each publish, the sender among them (default: 10)
  --publish-only  the sender is not among them
  --size BYTES    content of a message (default: 200)
  --ephemeral     messages skip the log
  --memory MB     of the functions (default: 512)
  --json          the figures as JSON`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      agents: { type: 'string', default: '100' },
      channels: { type: 'string', default: '10' },
      rate: { type: 'string', default: '1' },
      'fan-out': { type: 'string', default: '10' },
      size: { type: 'string', default: '200' },
      memory: { type: 'string', default: '512' },
      ephemeral: { type: 'boolean', default: false },
      'publish-only': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const load: Load = {
    agents: positive('agents', values.agents),
    channels: positive('channels', values.channels),
    rate: positive('rate', values.rate),
    fanOut: positive('fan-out', values['fan-out']),
    size: positive('size', values.size),
    memoryMb: positive('memory', values.memory),
    ephemeral: values.ephemeral,
    publishOnly: values['publish-only'],
  };
  const result = forecast(load);
  console.log(values.json ? JSON.stringify({ load, ...result }, null, 2) : costText(load, result));
  return Promise.resolve();
}

void runCommand(main);
