/**
 * The console in a real Chromium: each view over a scripted bus, a cut and return, 10,000 agents, hostile content, and
 * accessibility. Run by `npm run suite browser`; says so and passes where there is no Chromium. Writes the pictures of the
 * documents with PICTURES=1.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { serve, type Served } from '../../console/server/index';
import { eventually } from '../helpers/eventually';
import { executablePath, launchChromium } from './helpers/chromium';
import { type Look, openPage, seriousFindings, takePicture } from './helpers/console-page';
import { channelNames, contentOf, members } from './helpers/fleet';
import { slowFrames } from './helpers/frames';
import { ScriptedBus } from './helpers/scripted-bus';

const repository = path.join(__dirname, '../..');
/** Frames are drawn without a graphics card here, so their times say something only on an idle machine: FRAMES=1. */
const testOfFrames = process.env.FRAMES === undefined ? test.skip : test;
const describeWithChromium = executablePath === undefined ? describe.skip : describe;

describeWithChromium('the console (left out where there is no Chromium)', () => {
  let browser: Browser;
  let served: Served;
  const pages: Page[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, ['console/build.mjs'], { cwd: repository });
    browser = await launchChromium();
    served = await serve({
      url: '/v1',
      name: 'Laptop',
      isLaptop: true,
      roles: ['observer', 'operator'],
      mint: (role) => Promise.resolve(`token-of-${role}`),
    });
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
  });
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  async function open(bus: ScriptedBus, view = 'overview', appearance: Look = {}): Promise<Page> {
    const page = await openPage(browser, appearance);
    pages.push(page);
    await bus.answer(page);
    await page.goto(`${served.url}#/${view}`);
    await page.getByText('Live', { exact: true }).waitFor();
    return page;
  }

  /** Not the options of a select. */
  const rows = (page: Page) => page.getByRole('listbox').getByRole('option');
  const row = (page: Page, text: string) => rows(page).filter({ hasText: text });

  test('messages come live; a search narrows them, a pause holds them, and one opens with what became of it', async () => {
    const bus = fleetBus();
    const page = await open(bus, 'messages');
    await watched(page, bus);
    bus.post('orders', [{ order: 1 }, { order: 2 }], 'shop');
    await row(page, '"order":2').waitFor();

    await page.getByRole('searchbox').fill('agent:shop "order":1');
    expect(await rows(page).count()).toBe(1);
    await page.getByRole('searchbox').fill('nothing like this');
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('searchbox').fill('');

    await page.getByRole('button', { name: 'Pause' }).click();
    bus.post('orders', [{ order: 3 }], 'shop');
    await page.getByText('1 new').waitFor();
    expect(await row(page, '"order":3').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await row(page, '"order":3').click();

    const panel = page.getByRole('complementary', { name: 'Message' });
    await panel
      .getByText('after 8 ms')
      .or(panel.getByText(/after \d+ ms/))
      .first()
      .waitFor();
    expect(await panel.getByText('Matched connections').locator('..').textContent()).toBe(
      'Matched connections3',
    );
    await page.keyboard.press('Escape');
    expect(await panel.count()).toBe(0);
  });

  test('what a line does not tell is unknown', async () => {
    const bus = fleetBus();
    const page = await open(bus, 'messages');
    await watched(page, bus);
    bus.gateway.isLogging = false;
    bus.post('orders', [{ order: 1 }]);
    await row(page, '"order":1').click();
    const panel = page.getByRole('complementary', { name: 'Message' });
    await eventually(
      () => panel.locator('.way .is-unknown').allTextContents(),
      (texts) => texts.length === 3,
    );
    expect(await panel.locator('.way .is-unknown').allTextContents()).toEqual([
      'Acknowledgedunknown',
      'Matched connectionsunknown',
      'Postedunknown',
    ]);
  });

  test('when the directory answers late, what it lists is not taken for new', async () => {
    const bus = fleetBus();
    bus.httpStatus = 503;
    const page = await open(bus, 'channels');
    await page.getByText('Not now').waitFor();
    bus.httpStatus = 200;
    // A log line that names a channel has the directory read again.
    bus.post('orders', [{ order: 1 }]);
    await watched(page, bus);
    expect(Object.fromEntries(bus.beginnings)).toEqual({});
  });

  test('agents and channels are listed, found and opened by the keyboard alone', async () => {
    const bus = fleetBus();
    const page = await open(bus);
    await watched(page, bus);
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await row(page, 'translator').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('review');
    expect(await rows(page).count()).toBe(2);
    await page.keyboard.press('Tab');
    for (let times = 0; times < 3; times++) await page.keyboard.press('Tab');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'reviewer' }).waitFor();

    bus.post('tasks', ['one']);
    await page.getByRole('link', { name: 'Channels' }).click();
    await row(page, 'tasks').click();
    expect(await page.locator('select').inputValue()).toBe('tasks');
    await row(page, 'one').waitFor();
  });

  test('keys go to the list of the page where nothing has the focus', async () => {
    const bus = fleetBus();
    const page = await open(bus, 'messages');
    await watched(page, bus);
    bus.post('orders', [{ order: 1 }]);
    await row(page, '"order":1').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'Message' }).waitFor();
  });

  test('a fault is switched on and off, and the plan of the gateway changes', async () => {
    const bus = fleetBus();
    const page = await open(bus, 'faults');
    await page.getByRole('switch', { name: /Slow tables/ }).check();
    await page.getByText(/fired \d+ times/).waitFor();
    expect(bus.gateway.rules).toEqual([{ service: 'dynamodb', fault: 'delay', delayMs: 300 }]);
    // The switch has the focus, and takes no letters.
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.getByRole('button', { name: 'Switch all off' }).click();
    await page.getByText('no rule').waitFor();
    expect(bus.gateway.rules).toEqual([]);
  });

  test('a cut is shown, and so is what follows it', async () => {
    const bus = fleetBus();
    const page = await open(bus, 'messages');
    await watched(page, bus);
    bus.isUp = false;
    bus.cut();
    await page.getByText(/The connection is lost/).waitFor();
    bus.isUp = true;
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByText(/The connection is lost/).count()).toBe(0);
    bus.post('orders', ['after the cut']);
    await row(page, 'after the cut').waitFor();
  });

  test('markup of agents stays text', async () => {
    const bus = new ScriptedBus(
      [
        {
          agent_id: '<img src=x onerror=alert(1)>',
          status: '<b>on</b>',
          capabilities: ['<script>'],
          version: 1,
          changed_at: now(),
        },
      ],
      ['orders'],
    );
    const page = await open(bus, 'messages');
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await watched(page, bus);
    const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    bus.post('orders', [markup, { [markup]: markup }], markup);
    await row(page, markup).first().click();
    await page.getByRole('complementary').getByText(markup).first().waitFor();
    await page.getByRole('link', { name: 'Agents' }).click();
    await row(page, '<img').click();
    await page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).waitFor();
    expect(await page.locator('#app img, #app script').count()).toBe(0);
    expect(dialogs).toEqual([]);
  });

  test('an API that does not answer is said in the lists', async () => {
    const bus = fleetBus();
    bus.httpStatus = 503;
    const page = await open(bus, 'agents');
    await page.getByText('The agents cannot be listed').waitFor();
    await page.getByText('Not now').waitFor();
  });

  test('10,000 agents: the list holds the rows that are seen', async () => {
    const page = await open(manyAgents(), 'agents');
    await page.getByText('6,666 online').waitFor();
    expect(await rows(page).count()).toBeLessThan(60);
    const [first] = await rows(page).allTextContents();
    // Ten rows each.
    for (let times = 0; times < 8; times++) await page.getByRole('listbox').press('PageDown');
    await eventually(
      () => rows(page).allTextContents(),
      ([top]) => top !== first,
    );
  });

  testOfFrames(
    '10,000 agents and 200 messages a second: 95 % of the frames take less than 50 ms',
    async () => {
      const bus = manyAgents();
      const page = await open(bus, 'agents');
      await page.getByText('6,666 online').waitFor();
      await watched(page, bus);
      const timer = setInterval(() => {
        for (const name of channelNames)
          bus.post(
            name,
            [1, 2, 3, 4].map((index) => contentOf(name, index)),
          );
      }, 100);
      try {
        const agents = await slowFrames(page, 4_000, 'wheel');
        await page.getByRole('link', { name: 'Messages' }).click();
        const messages = await slowFrames(page, 6_000);
        console.log('frames', JSON.stringify({ agents, messages }));
        expect(agents.p95).toBeLessThan(50);
        expect(messages.p95).toBeLessThan(50);
      } finally {
        clearInterval(timer);
      }
    },
  );

  test.each(['light', 'dark'] as const)('no view has a serious finding of axe (%s)', async (theme) => {
    const bus = fleetBus();
    const page = await open(bus, 'overview', { theme });
    await watched(page, bus);
    bus.post('orders', [{ order: 1 }], 'shop');
    const findings: string[] = [];
    for (const view of ['overview', 'messages', 'agents/coder', 'channels', 'faults']) {
      await page.goto(`${served.url}#/${view}`);
      await page.locator('h1').waitFor();
      if (view === 'messages') await rows(page).first().click();
      findings.push(...(await seriousFindings(page)).map((each) => `${view}: ${each}`));
    }
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await page.getByRole('dialog').waitFor();
    findings.push(...(await seriousFindings(page)));
    expect(findings).toEqual([]);
  });

  test('pictures for the documents', async () => {
    const bus = fleetBus();
    const page = await open(bus, 'overview');
    await watched(page, bus);
    const stop = talk(bus);
    try {
      // After a minute.
      await page.locator('.tile').filter({ hasText: 'a month at this load' }).waitFor({ timeout: 90_000 });
      while (bus.gateway.messages < 700) await page.waitForTimeout(250);
      await takePicture(page, 'overview');
      await page.keyboard.press('t');
      await takePicture(page, 'overview-dark');
      await page.goto(`${served.url}#/messages`);
      await rows(page).nth(4).click();
      await page.getByText('Matched connections').waitFor();
      await takePicture(page, 'messages-dark');
      await page.keyboard.press('t');
      await takePicture(page, 'messages');
      await page.getByRole('button', { name: 'Close' }).click();
      await page.goto(`${served.url}#/agents/coder`);
      await page.getByRole('heading', { name: 'coder' }).waitFor();
      await takePicture(page, 'agents');
      await page.goto(`${served.url}#/faults`);
      await page.getByRole('switch', { name: /Writes without/ }).check();
      await page.getByText(/fired \d+ times/).waitFor();
      await takePicture(page, 'faults');
      await page.setViewportSize({ width: 390, height: 780 });
      await page.goto(`${served.url}#/messages`);
      await rows(page).first().waitFor();
      await takePicture(page, 'small');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    } finally {
      stop();
    }
  });
});

function now(): string {
  return new Date().toISOString();
}

function manyAgents(): ScriptedBus {
  const agents = Array.from({ length: 10_000 }, (_, index) => ({
    agent_id: `agent-${String(index).padStart(5, '0')}`,
    status: index % 3 === 0 ? 'offline' : 'online',
    capabilities: ['search'],
    version: 1,
    changed_at: now(),
  }));
  return new ScriptedBus(agents, [...channelNames]);
}

function fleetBus(): ScriptedBus {
  const agents = members.map(({ name, status, capabilities }, index) => ({
    agent_id: name,
    status,
    capabilities,
    version: 5 + index,
    changed_at: new Date(Date.now() - 40_000 * index * index).toISOString(),
    connections: 1 + (index % 2),
  }));
  return new ScriptedBus(agents, [...channelNames]);
}

/** The page has subscribed to all channels and to presence. */
async function watched(page: Page, bus: ScriptedBus): Promise<void> {
  await eventually(
    () => Promise.resolve(bus.subscribed.size),
    (count) => count >= bus.channels.length + 1,
  );
  await page.getByText('Live', { exact: true }).waitFor();
}

/** About 20 messages a second with ups and downs. */
function talk(bus: ScriptedBus): () => void {
  let index = 0;
  const timer = setInterval(() => {
    const wave = 2 + Math.round(1.6 * Math.sin(index / 40) + Math.random());
    for (let times = 0; times < wave; times++) {
      const channel = channelNames[(index * 7 + (index >> 2)) % channelNames.length] ?? 'lobby';
      bus.post(channel, [contentOf(channel, index)], members[(index * 3) % members.length]?.name);
      index += 1;
    }
    if (index % 211 < 2) bus.gateway.failed('fan_out_failed');
  }, 110);
  return () => {
    clearInterval(timer);
  };
}
