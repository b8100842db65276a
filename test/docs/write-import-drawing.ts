/** `npm run generate`: writes the drawing of imports into docs/architecture.md. */
import { writeFileSync } from 'node:fs';
import { page, pageWithDrawing } from './import-drawing';

writeFileSync(page, pageWithDrawing());
