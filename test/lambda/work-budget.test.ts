/** RAT-7: what may still begin, by what a text message has cost so far. */
import { ReadBudget, SearchBudget } from '../../lambda/log/read-budget';
import { TooCostly, WorkBudget } from '../../lambda/shared/work-budget';

/** With this number of units left. */
function budgetOf(left: number): WorkBudget {
  const meter = { storeUnits: 0 };
  const budget = new WorkBudget(meter);
  meter.storeUnits = budget.left - left;
  return budget;
}

test.each([
  { left: 146, hasFrame: true, hasSearch: true, mayLook: true, hasPage: true },
  { left: 145, hasFrame: true, hasSearch: false, mayLook: true, hasPage: true },
  { left: 110, hasFrame: true, hasSearch: false, mayLook: true, hasPage: true },
  { left: 109, hasFrame: false, hasSearch: false, mayLook: true, hasPage: true },
  { left: 60, hasFrame: false, hasSearch: false, mayLook: true, hasPage: true },
  { left: 59, hasFrame: false, hasSearch: false, mayLook: false, hasPage: true },
  { left: 44, hasFrame: false, hasSearch: false, mayLook: false, hasPage: true },
  { left: 43, hasFrame: false, hasSearch: false, mayLook: false, hasPage: false },
])('with $left units left', ({ left, ...expected }) => {
  const work = budgetOf(left);
  const reading = new ReadBudget(work);
  const search = new SearchBudget(work);
  expect({
    hasFrame: work.hasFrame,
    hasSearch: !search.isUsedUp,
    mayLook: reading.mayLook(),
    hasPage: reading.hasPage,
  }).toEqual(expected);
  expect(reading.isUsedUp).toBe(!expected.hasPage);
});

test('rows that are read at once are all counted before they have come', async () => {
  const work = budgetOf(9);
  const rows = [1, 2, 3].map((row) => work.readRow(() => Promise.resolve(row)));
  expect(await Promise.allSettled(rows)).toMatchObject([
    { status: 'fulfilled', value: 1 },
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: expect.any(TooCostly) as unknown },
  ]);
  expect(work.left).toBe(9);
});
