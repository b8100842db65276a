/** `npm run generate`: writes docs/template.md. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { templatePage } from './page';

writeFileSync(path.join(__dirname, '../../docs/template.md'), templatePage());
