/**
 * The names of members that only this package's own modules use. The build shortens them: they are a twentieth of what every
 * user downloads. A name that the API, the wire, a platform or a text uses as well is kept.
 */
import path from 'node:path';

/** `files`: those that users import. */
export function ownNames(ts, program, folder, files) {
  const checker = program.getTypeChecker();
  const sources = program.getSourceFiles().filter(({ fileName }) => isInside(folder, fileName));
  const exported = new Set(files.flatMap((file) => exportsOf(ts, checker, program.getSourceFile(file))));
  const own = new Set();
  const kept = new Set();

  function note(name, property) {
    const types = (property?.declarations ?? []).map(({ parent }) =>
      ts.isConstructorDeclaration(parent) ? parent.parent : parent,
    );
    const isOwn = (type) =>
      (ts.isClassDeclaration(type) || ts.isInterfaceDeclaration(type)) &&
      sources.includes(type.getSourceFile()) &&
      !exported.has(type);
    if (types.length === 0 || !types.every(isOwn)) kept.add(name);
    // An interface alone may describe what a platform gives.
    else if (types.some(ts.isClassDeclaration)) own.add(name);
  }

  function visit(node) {
    const { parent } = node;
    if (ts.isStringLiteralLike(node)) kept.add(node.text);
    // A value of an asserted type comes from outside.
    else if (ts.isAsExpression(node))
      for (const { name } of checker.getTypeFromTypeNode(node.type).getProperties()) kept.add(name);
    else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(parent)) {
      const name = (node.propertyName ?? node.name).getText();
      note(name, checker.getTypeAtLocation(parent).getProperty(name));
    } else if (node.name && ts.isObjectLiteralExpression(parent)) {
      const name = node.name.getText();
      note(name, checker.getContextualType(parent)?.getProperty(name));
    } else if (node.name && isMember(ts, node)) {
      note(node.name.getText(), checker.getSymbolAtLocation(node.name));
    }
    ts.forEachChild(node, visit);
  }

  sources.forEach(visit);
  return [...own].filter((name) => !kept.has(name) && /^\w+$/.test(name));
}

function isInside(folder, file) {
  return path.resolve(file).startsWith(folder + path.sep);
}

function exportsOf(ts, checker, source) {
  return checker
    .getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .flatMap(({ declarations = [] }) => declarations);
}

function isMember(ts, node) {
  return (
    ts.isPropertyAccessExpression(node) ||
    ts.isClassElement(node) ||
    ts.isTypeElement(node) ||
    ts.isParameterPropertyDeclaration(node, node.parent)
  );
}
