/** `npm run docs:template`: writes docs/template.md. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { templatePage } from '../lib/template-page/page';
import { repository, runCommand } from './command';

void runCommand(() => {
  writeFileSync(path.join(repository, 'docs/template.md'), templatePage());
  return Promise.resolve();
});
