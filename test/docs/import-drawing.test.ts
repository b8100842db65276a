/** The page shows the folders as they import each other, and no arrow leads up. */
import { readFileSync } from 'node:fs';
import { circlesIn, drawingOf, folderImports, page, withDrawing } from './import-drawing';

test('the page has the drawing of today, and no folder imports one above it', () => {
  const imports = folderImports();
  expect(imports.size).toBeGreaterThan(10);
  expect(circlesIn(imports)).toEqual([]);
  const text = readFileSync(page, 'utf8');
  expect(withDrawing(text, drawingOf(imports))).toBe(text);
});

test('an arrow that others imply is left out, and a circle is found', () => {
  const imports = new Map([
    ['a', new Set(['b', 'c'])],
    ['b', new Set(['c'])],
    ['c', new Set<string>()],
  ]);
  expect(drawingOf(imports)).toBe('```mermaid\nflowchart TD\n  a --> b\n  b --> c\n```');
  expect(circlesIn(imports)).toEqual([]);
  expect(circlesIn(imports.set('c', new Set(['a'])))).toEqual(['a', 'b', 'c']);
});
