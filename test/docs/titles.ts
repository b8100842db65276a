/**
 * Finds the titles of the tests in a source file, without running it.
 * Used by the checks that hold documents and tests together.
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * First arguments of all calls of a test function: `test(…)`, `test.each(…)(…)`, `needs(…)(…)` and the like; also those of
 * any other function, such as `describe`, that begin with the id of a rule.
 */
export function titlesIn(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title, run] = node.arguments;
      const text = title === undefined ? undefined : literalStart(title);
      if (text !== undefined && run !== undefined && (isTest(node.expression) || /^[A-Z]+-\d+ /.test(text))) {
        found.push(text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return found;
}

function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'test' || callee.text === 'it';
  if (ts.isCallExpression(callee)) return isTest(callee.expression) || isNeeds(callee.expression);
  return ts.isPropertyAccessExpression(callee) && isTest(callee.expression);
}

function isNeeds(callee: ts.Expression): boolean {
  return ts.isIdentifier(callee) && callee.text === 'needs';
}

/** The text, or for a template what stands before its first value. */
function literalStart(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? node.head.text : undefined;
}
