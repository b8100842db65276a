/** The page about the command says what its help says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pageOfCommands } from '../../cli/commands-page';
import { exitCodes } from '../../cli/output/exit-codes';

const page = readFileSync(path.join(__dirname, '../../docs/cli.md'), 'utf8');

test('docs/cli.md is generated from the help (npm run generate)', () => {
  expect(page).toBe(pageOfCommands());
});

test('the page lists the exit codes', () => {
  const listed = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(exitCodes));
});
