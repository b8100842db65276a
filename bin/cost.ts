/**
 * `npm run cost`: estimates the monthly cost of a load, line by line, with the floor and the list prices of other
 * services.
 */
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from './command';
import { forecast, type Load } from './forecast';

const usage = `Usage: npm run cost -- [options]

  --agents N      agents that are connected all month (default: 100)
  --channels N    channels that are published to (default: 10)
  --rate R        publishes per second on each of them (default: 1)
  --fan-out N     subscribers who get each publish, the sender among them (default: 10)
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
  };
  const result = forecast(load);
  console.log(values.json ? JSON.stringify({ load, ...result }, null, 2) : asText(load, result));
  return Promise.resolve();
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a number above 0, not "${text}".`);
}

function asText(load: Load, { publishes, bill, elsewhere }: ReturnType<typeof forecast>): string {
  const lines = bill.lines
    .filter(({ count }) => count > 0)
    .map(({ unit, count, dollars }) => `${money(dollars)}  ${amount(count)} × ${unit}`);
  const others = elsewhere.map(
    ({ name, dollars, source }) =>
      `${money(dollars)}  ${name}, ${(dollars / bill.dollars).toFixed(2)} times ours (${source})`,
  );
  const kind = load.ephemeral ? 'ephemeral' : 'durable';
  return `${amount(publishes)} ${kind} publishes a month (30 days), each to ${load.fanOut}:

${lines.join('\n')}

${money(bill.dollars)}  together, without data transfer (${money(bill.transferDollars).trim()})
${money(bill.floorDollars)}  floor: messages and connection minutes. Ratio ${bill.ratioToFloor?.toFixed(3) ?? '-'}

The same load elsewhere, without data transfer:
${others.join('\n')}

List prices of us-east-1 without free tiers; docs/costs.md says what is modelled.`;
}

function money(dollars: number): string {
  return `$${dollars.toFixed(2)}`.padStart(12);
}

function amount(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 100 ? String(Math.round(count)) : count.toPrecision(3);
}

void runCommand(main);
