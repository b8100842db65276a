/** `artcafe console` of a deployed stack in a real Chromium: the bus of a laptop gateway, with its log lines in a CloudWatch of the test. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { start } from '../cli/command-line';
import { deployedStack, linesOf, logOf } from '../cli/deployed-stack';
import { type Behaviour, type FakeInsights, Refusal, workRows } from '../cli/fake-insights';
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { executablePath, launchChromium } from './helpers/chromium';
import { openPage, seriousFindings } from './helpers/console-page';

const repository = path.join(__dirname, '../..');
const describeWithChromium = executablePath === undefined ? describe.skip : describe;

describeWithChromium('the console of a deployed stack (left out where there is no Chromium)', () => {
  let browser: Browser;
  let bus: Bus;
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-deployed-'));
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, ['console/build.mjs'], { cwd: repository });
    cpSync(path.join(repository, 'console/dist'), path.join(folder, 'console'), { recursive: true });
    bus = await Bus.start();
    browser = await launchChromium();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await bus.hangUp();
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await browser.close();
    await bus.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Searches the lines of the bus, and adds up their work units. */
  const cloudWatch = (): Behaviour => ({
    results: (query, ...others) =>
      query.queryString.includes('stats')
        ? { status: 'Complete', rows: workRows(query, logOf(bus), query.endTime * 1_000 - 300_000)! }
        : linesOf(bus).results(query, ...others),
  });

  /** The page, and what CloudWatch was asked. */
  async function open(
    tenant: string,
    behaviour: Behaviour,
  ): Promise<{ readonly page: Page; readonly insights: FakeInsights }> {
    const { insights, at } = await deployedStack(bus, behaviour, folder);
    closing.push(insights.close);
    const serving = start(['console', '--tenant', tenant, ...at], { packageFolder: folder });
    closing.push(() => serving.interrupt());
    const url = /Console: (\S+)/.exec(await serving.said(/Ctrl-C/))?.[1] ?? '';
    const page = await openPage(browser);
    closing.push(() => page.context().close());
    await page.goto(url);
    await page.getByText('Live', { exact: true }).waitFor();
    return { page, insights };
  }

  /** Reads "lobby" as bob, and sends there as alice. */
  async function agents(tenant: string): Promise<(content: unknown) => Promise<unknown>> {
    await bus.connect({ tenant, agent: 'bob' }, { channel: 'lobby' });
    const alice = await bus.connect({ tenant, agent: 'alice' });
    let sent = 0;
    return (content) => alice.request({ id: `m${++sent}`, channel_id: 'lobby', content });
  }

  const row = (page: Page, text: string) =>
    page.getByRole('listbox').getByRole('option').filter({ hasText: text });

  test('shows what messages cost, and searches for the way of a message when it is asked to', async () => {
    const tenant = fresh('tenant');
    const send = await agents(tenant);
    await send('before the page');
    const { page, insights } = await open(tenant, cloudWatch());
    const tile = page.locator('.tile').filter({ hasText: 'Cost of messages' });
    await tile.filter({ hasText: /\$0\.0\d+an hour/ }).waitFor();
    expect(insights.queries).toHaveLength(1);
    await page.getByText(/Does not count connection minutes/).waitFor();
    expect(await seriousFindings(page)).toEqual([]);

    await page.getByRole('link', { name: 'Messages' }).click();
    await row(page, 'before the page').waitFor();
    await send('hello');
    await row(page, 'hello').click();
    const panel = page.getByRole('complementary', { name: 'Message' });
    await panel.getByText(/searches 20 minutes of log lines/).waitFor();
    expect(await panel.locator('.way .is-unknown').count()).toBe(3);
    expect(insights.queries).toHaveLength(1);
    // The line is written after the fan-out.
    await eventually(
      () => Promise.resolve(logOf(bus).filter((line) => line.includes('"m2"'))),
      ({ length }) => length > 0,
    );
    await panel.getByRole('button', { name: 'Search the log lines' }).click();
    await panel
      .getByText(/^after \d+ ms$/)
      .last()
      .waitFor();
    // Bob and the page.
    expect(await panel.getByText('Matched connections').locator('..').textContent()).toBe(
      'Matched connections2',
    );
    expect(insights.queries).toHaveLength(2);
    expect(await panel.getByRole('button', { name: 'Search the log lines' }).count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);

    await row(page, 'before the page').click();
    await panel.getByRole('button', { name: 'Search the log lines' }).waitFor();
    expect(insights.queries).toHaveLength(2);
  });

  test('without permission the page says so, and all else works', async () => {
    const tenant = fresh('tenant');
    const send = await agents(tenant);
    const refusal = new Refusal('AccessDeniedException', 'not authorized to perform: logs:StartQuery');
    const { page } = await open(tenant, { ...cloudWatch(), start: () => refusal });
    await page.getByText(/The cost cannot be read: .* Needed are logs:StartQuery/).waitFor();
    await page.getByRole('link', { name: 'Messages' }).click();
    await send('hello');
    await row(page, 'hello').click();
    const panel = page.getByRole('complementary', { name: 'Message' });
    await panel.getByRole('button', { name: 'Search the log lines' }).click();
    await panel.getByText(/The log lines cannot be read: .* Needed are logs:StartQuery/).waitFor();
    await panel.getByText('number 1, epoch').waitFor();
  });
});
