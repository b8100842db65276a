/** The work units that the service charges, against the meter of the gateway, which counts what AWS would bill. */
import { billFor } from '../../gateway/costs/bill';
import { type Counts, countsBetween } from '../../gateway';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
const tenant = fresh('tenant');
const seconds = 30;

function chargedUnits(): readonly number[] {
  return bus.inside.log
    .filter(({ text }) => text.includes(tenant) && text.includes('"work_units"'))
    .map(({ text }) => (JSON.parse(text) as { work_units: number }).work_units);
}

const quiet = Array.from({ length: 20 }, (_, n) => ({ channel_id: `quiet-${n}` }));

/** What happens in one second; gives the number of log lines with units. */
async function second(n: number, alice: TestClient, bob: TestClient): Promise<number> {
  await alice.request({ id: `a${n}`, content: 'small' });
  await bob.request({ id: `b${n}`, content: 'passing', ephemeral: true });
  await bob.request({ id: `d${n}`, to: n % 2 === 0 ? 'alice' : 'away', content: n });
  const batch = Array.from({ length: 10 }, (_, index) => ({ id: `c${n}-${index}`, content: index }));
  alice.send(batch);
  await alice.reply(`c${n}-9`);
  if (n % 5 > 0) return 4;
  await alice.request({ type: 'history', id: `h${n}`, channel_id: 'news', limit: 50 });
  await bob.request({ id: `l${n}`, content: 'x'.repeat(20_000) });
  await alice.request({ id: `a${n}`, content: 'small', retry: true });
  // The line of the text message, and that of the function that tells the watchers.
  await alice.request({ type: 'presence', id: `p${n}`, status: `busy ${n}` });
  await alice.request({ type: 'hello', id: `w${n}`, resume: quiet });
  return 10;
}

test('over half a minute they are within a fifth of the meter', async () => {
  const alice = await bus.connect({ tenant, agent: 'alice' }, { channel: 'news', level: 1 });
  const bob = await bus.connect({ tenant, agent: 'bob' }, { channel: 'news' });
  for (let n = 0; n < 6; n++) {
    const reader = await bus.connect(
      { tenant, agent: `reader-${n}` },
      { channel: 'news', level: n % 2 === 0 ? 0 : 1 },
    );
    await reader.request({ type: 'subscribe', id: 's', channel_id: '$presence' });
  }
  const earlier = (await eventually(chargedUnits, ({ length }) => length === 6)).length;
  const before: Counts = bus.inside.gateway.costs().counts;
  let lines = earlier;
  for (let n = 0; n < seconds; n++) {
    lines += await second(n, alice, bob);
    await bus.inside.gateway.clock.advance(1_000);
  }
  const charged = await eventually(chargedUnits, ({ length }) => length === lines);
  const bill = billFor(countsBetween(before, bus.inside.gateway.costs().counts));
  const minutes = bill.lines.find(({ item }) => item === 'connectionMinute')!.dollars;

  const metered = (bill.dollars - minutes) * 1e6;
  const units = charged.slice(earlier).reduce((sum, each) => sum + each, 0);
  expect(units / metered).toBeGreaterThan(0.8);
  expect(units / metered).toBeLessThan(1.2);
});
