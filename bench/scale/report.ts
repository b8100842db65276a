/** `docs/scale.md`, made from the model alone: the same inputs and seed give the same page. */
import { priceList } from '../../gateway/index';
import { number } from '../report/table';
import { type Inputs, valuesOf } from './inputs';
import { loads, million, seed } from './loads';
import { broadcastTable, costTable, inputTable, refusalTable, steadySection, stormTable } from './tables';

export function scaleReport(): string {
  const values = valuesOf();
  return [
    introduction(),
    inputSection(),
    steadyLoads(values),
    broadcastSection(values),
    stormSection(values),
    ceilingSection(),
    cellSection(),
    costSection(values),
    limitSection(),
  ].join('\n');
}

function introduction(): string {
  return `# Internet scale, by arithmetic

Made by \`npm run suite scale\` (seed ${seed}). Do not edit: run it again. Nothing here was measured on AWS: it is a model of quotas and token buckets, and it is as good as its inputs,
each of which is marked. Quote the shape, not the digits.

A **cell** is one account in one Region. Quotas belong to it, so a larger load needs more cells.
`;
}

function inputSection(): string {
  return `## Inputs

${inputTable()}
`;
}

function steadyLoads(values: Inputs): string {
  return `## Steady loads

The need of each load per quota, and the number of cells for the tightest quota at 80 % use. The last two lines are limits of one channel, which more cells do not raise.

${loads.map((load) => steadySection(load, values)).join('\n\n')}

How close a load can be to the requests quota: share of calls that the token bucket rejects at first (publishes at random times, fan-out 10 and 1,000, one cell). They are retried after a
pause, so a few cause no problem; at full use they accumulate.

${refusalTable(values)}
`;
}

function broadcastSection(values: Inputs): string {
  return `## One message to many

One channel whose subscribers are spread evenly over cells; each cell runs workers of up to 1,000 recipients with our retries and budgets. "Left to the log": not delivered after
all attempts. At level 1 the receiver detects the gap with the next ping and reads the log; at level 0 the message is lost.

${broadcastTable(values)}

The result: **above about ten thousand subscribers in one cell with the default quota, most of a broadcast is not delivered live.** API Gateway has no multicast, and every post is a
request. Workers do not pace themselves to the quota: a broadcast to a million would then take a hundred seconds and use the whole quota of the account. Raise the quota or
use more cells before a channel has that many subscribers.
`;
}

function stormSection(values: Inputs): string {
  return `## A reconnect storm

All clients of a cell lose their connections at the same moment and reconnect with the back-off of our client.

${stormTable(values)}

The time is about clients ÷ handshakes per second, independent of the clients: a million at 5,000/s take as long as 100,000 at 500/s. Back-off only reduces the rejections. The steady rotation of 1 M connections every two hours takes
${number(million / values.connectionSeconds)} handshakes a second.
`;
}

function ceilingSection(): string {
  return `## Where each ceiling is, and what raises it

| ceiling | in one cell, by default | what raises it |
| --- | --- | --- |
| requests in and out | 10,000/s, so ${number(10_000 / 102)} publishes/s to 100, or ${number(10_000 / 12)} to 10 | a quota request to AWS; then cells. Batches at level 1 count once per 32 KB |
| burst | 5,000 | set by AWS |
| handshakes | 500/s | a quota request; then cells |
| open connections | none of its own: 500/s × 2 h = 3.6 M | – |
| concurrent functions | 1,000 | a quota request |
| publishes on one channel | about 200/s in sequence (ADR 2), at most 1,000 write units/s | batches; \`"ephemeral": true\`; more channels |
| subscribers of one channel | about 10,000 live per second of burst | a higher quota; cells; then another service |
| reads of one channel's subscribers | 3,000 units/s: 10,000 subscribers ${number(Math.floor(3_000 / 269))} times a second | more channels; ephemeral messages read at half the price |
`;
}

function cellSection(): string {
  return `## Cells

1. Give each tenant a home cell, by a table or by a hash of its id; its token service returns the \`wss://\` URL of that cell. Channels never cross tenants, so nothing crosses cells, and
   nothing has to be replicated.
2. Deploy the same stack into each account and Region (\`deployment\` tells several in one account apart, but they share its quotas: a cell is an account).
3. A tenant too large for one cell: split it by channels, and let an agent hold one connection per cell that it needs. A publisher to one channel in several cells
   publishes in each; order then holds per cell.
4. Keep cells at half of their quota, so that one can take another's load when a Region fails. Their logs are not shared: after such a move positions restart, and clients are notified
   (\`recovered: false\`).
`;
}

function costSection(values: Inputs): string {
  return `## What it costs

${costTable(values)}

List prices of us-east-1, durable messages of 200 B, without data transfer; connection minutes separately: 1 M connections cost $${number(million * 60 * priceList.connectionMinute.dollars, 0)} an hour.
`;
}

function limitSection(): string {
  return `## When to leave API Gateway

- One channel with more than about ten thousand subscribers that must all receive a message at the same time: each post is a request here. AWS AppSync Events lists 1 M outbound events a second per API; a broker such as
  NATS or Centrifugo sends from memory.
- A steady load above a few hundred thousand deliveries a second: the price per message ($1 per million) is then several hundred dollars an hour, and a few servers do it for less.
- Idle connections by the million: $0.25 per million minutes here, $0.08 at AppSync Events, memory only on servers.
- Stay while the load varies, while you do not want to operate servers, and while most channels have up to a few thousand subscribers: an idle deployment costs almost nothing.
`;
}
