/**
 * `docs/schema/asyncapi.json` with AsyncAPI's own parser, from the registry into a folder of its own: `npm run suite schema`.
 */
import path from 'node:path';
import { runSuite, scratchFolder } from './scratch';

const document = path.resolve(__dirname, '../../docs/schema/asyncapi.json');

const script = `
  const { readFileSync } = require('node:fs');
  const { Parser } = require('@asyncapi/parser');
  void new Parser().parse(readFileSync(process.argv[1], 'utf8')).then(({ document, diagnostics }) => {
    const faults = diagnostics.filter(({ severity }) => severity <= 1).map(({ path, message }) => path.join('.') + ': ' + message);
    if (faults.length > 0 || document === undefined) throw new Error(faults.join('\\n'));
    console.log(document.messages().all().length + ' messages');
  });`;

function main(): void {
  const scratch = scratchFolder();
  try {
    scratch.install('@asyncapi/parser@3.6.6');
    console.log(`AsyncAPI document: ${scratch.run(process.execPath, '--eval', script, document).trim()}`);
  } finally {
    scratch.remove();
  }
}

void runSuite(main);
