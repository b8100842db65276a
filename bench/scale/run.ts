/** `npm run suite scale`: writes `docs/scale.md`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { scaleReport } from './report';

writeFileSync(path.join(__dirname, '../../docs/scale.md'), scaleReport());
console.log('written to docs/scale.md');
