/** The browser of the tests, where the machine has one. */
import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** Nothing that looks for the internet, a screen or a user. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const executablePath = findChromium();

export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('There is no Chromium on this machine');
  return chromium.launch({ executablePath, args: flags });
}

function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}
