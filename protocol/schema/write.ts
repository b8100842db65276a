/**
 * `npm run generate`: writes `docs/schema` from the types of the frames.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { schemaFiles, schemaFolder } from './files';

async function main(): Promise<void> {
  const files = await schemaFiles();
  rmSync(schemaFolder, { recursive: true, force: true });
  for (const [name, text] of files) {
    const file = path.join(schemaFolder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

void main();
