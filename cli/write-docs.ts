/** Writes docs/cli.md from the help of each command: `npm run generate`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pageOfCommands } from './commands-page';

writeFileSync(path.join(__dirname, '../docs/cli.md'), pageOfCommands());
