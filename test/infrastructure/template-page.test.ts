/** docs/template.md is what the constructs say, and every resource has a purpose in it. */
import { readFileSync } from 'node:fs';
import { templatePage } from '../../lib/template-page/page';

test('docs/template.md is up to date (npm run generate)', () => {
  expect(readFileSync('docs/template.md', 'utf8')).toBe(templatePage());
});
