/** The plans in docs/faults.md are plans: whoever copies one must not meet a complaint. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parsePlan } from '../../gateway/index';
import { faultKinds } from '../../gateway/faults/plan';

const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'faults.md'), 'utf8');
const plans = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text);

test('the example and the three recipes are valid plans', () => {
  expect(plans).toHaveLength(4);
  for (const plan of plans) expect(() => parsePlan(JSON.parse(plan))).not.toThrow();
});

test.each(faultKinds)('the fault %s is described', (kind) => {
  expect(page).toContain(`\`${kind}\``);
});
