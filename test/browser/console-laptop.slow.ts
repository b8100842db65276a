/** The console of `npm start` in a real Chromium, with agents that are really there. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import WebSocket from 'ws';
import { PubSub } from '../../clients/javascript/index';
import { runCommand, startCommand } from '../bin/run-command';
import { executablePath, launchChromium } from './helpers/chromium';
import { openPage } from './helpers/console-page';

const describeWithChromium = executablePath === undefined ? describe.skip : describe;

describeWithChromium('the console of npm start (left out where there is no Chromium)', () => {
  let browser: Browser;

  beforeAll(async () => {
    execFileSync(process.execPath, ['console/build.mjs'], { cwd: path.join(__dirname, '../..') });
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test('shows the agents, the channels and the messages of a bus that is in use, and what comes later', async () => {
    const { child, outcome, said } = startCommand('start.ts', ['--port', '0']);
    const [, site = ''] = /Console +(http:\S+)/.exec(await said(/npm run connect/)) ?? [];
    const { stdout } = await runCommand('token.ts', ['--tenant', 'demo', '--agent', 'alice']);
    const alice = new PubSub({ url: `${site.replace('http', 'ws')}v1`, token: stdout.trim(), WebSocket });
    try {
      await alice.presence.set({ capabilities: ['paint'] });
      await alice.channel('gallery').publish('before the page');

      const page = await openPage(browser, {});
      const row = (text: string) => page.getByRole('listbox').getByRole('option').filter({ hasText: text });
      await page.goto(`${site}#/messages`);
      await row('before the page').waitFor();

      const costs = () => page.evaluate(async () => (await fetch('/_gateway/costs')).status);
      expect(await costs()).toBe(200);
      await page.context().clearCookies();
      expect(await costs()).toBe(403);
      await page.reload();
      expect(await costs()).toBe(200);

      await alice.channel('attic').publish('in a channel that is new');
      await row('in a channel that is new').waitFor();
      await alice.channel('attic').publish('live');
      await row('live').waitFor();

      await page.goto(`${site}#/agents`);
      await row('alice').filter({ hasText: 'paint' }).waitFor();
      await page.goto(`${site}#/channels`);
      await row('gallery').waitFor();
      await row('attic').waitFor();

      await alice.close();
      await page.goto(`${site}#/agents`);
      await row('alice').filter({ hasText: 'offline' }).waitFor();
    } finally {
      await alice.close();
      child.kill('SIGINT');
      await outcome;
    }
  });

  test('sends a message, asks an agent and ends its connections, once it has a token that may', async () => {
    const { child, outcome, said } = startCommand('start.ts', ['--port', '0']);
    const [, site = ''] = /Console +(http:\S+)/.exec(await said(/npm run connect/)) ?? [];
    const { stdout } = await runCommand('token.ts', ['--tenant', 'demo', '--agent', 'bob']);
    const bob = new PubSub({ url: `${site.replace('http', 'ws')}v1`, token: stdout.trim(), WebSocket });
    try {
      bob.onRequest((question) => ({ youAsked: question }));
      await bob.connect();
      const received = new Promise(
        (resolve) =>
          void bob.channel('lobby').subscribe(({ content }) => {
            resolve(content);
          }),
      );

      const page = await openPage(browser, {});
      const dialog = page.getByRole('dialog');
      await page.goto(`${site}#/agents/bob`);
      const kick = page.getByRole('button', { name: 'Kick', exact: true });
      await kick.waitFor();
      expect(await kick.isDisabled()).toBe(true);

      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await dialog.getByRole('button', { name: /Mint one/ }).click();
      await dialog.getByLabel('Content, as JSON or plain text').fill('are you there?');
      await dialog.getByRole('button', { name: 'Ask', exact: true }).click();
      await dialog.getByText('bob replies:').waitFor();
      await dialog.getByText('youAsked').waitFor();

      await dialog.getByRole('button', { name: 'To a channel' }).click();
      await dialog.getByLabel('Channel', { exact: true }).fill('lobby');
      await dialog.getByLabel('Content, as JSON or plain text').fill('{"from":"the page"}');
      await dialog.getByRole('button', { name: 'Send', exact: true }).click();
      await dialog.getByText(/Accepted as number \d+/).waitFor();
      expect(await received).toEqual({ from: 'the page' });

      await page.keyboard.press('Escape');
      await kick.click();
      await page.getByRole('button', { name: 'Really kick?' }).click();
      await page.getByText('Its connections are ended.').waitFor();
    } finally {
      await bob.close();
      child.kill('SIGINT');
      await outcome;
    }
  });
});
