import { readFileSync } from 'node:fs';
import path from 'node:path';
import { priceList } from '../../gateway/costs/price-list';

test('the price of a ping in docs/costs.md is that of the price list', () => {
  const text = readFileSync(path.join(__dirname, '../../docs/costs.md'), 'utf8');
  const ping = 2 * priceList.message.dollars;
  const month = (everySeconds: number): string => (((30 * 86_400) / everySeconds) * ping).toFixed(4);
  expect(text).toContain(`$${(ping * 1e6).toFixed(2)} per million, besides its invocation`);
  expect(text).toContain(`pays $${month(540)}, every 30 s $${month(30)}`);
});
