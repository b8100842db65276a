/** Who may import whom. What is not listed here is refused; the reasons stand in docs/architecture.md. */
const rooms = ['bin', 'lib', 'lambda', 'protocol', 'gateway', 'tokens', 'client', 'bench'];
const only = (room, allowed) => ({
  name: `${room.replace(/[^a-z]+/g, '-')}-arrows`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: { path: `^(${[...rooms, 'test'].join('|')})/`, pathNot: allowed.map((path) => `^${path}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'nothing-imports-test', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    only('bin', ['bin/', 'lib/', 'gateway/index', 'tokens/']),
    only('lib', ['lib/', 'lambda/contract']),
    only('protocol', ['protocol/']),
    only('gateway', ['gateway/']),
    only('tokens', ['tokens/']),
    only('client', ['client/', 'protocol/']),
    only('bench', [
      'bench/',
      'bin/synthesize',
      'bin/forecast',
      'gateway/index',
      'tokens/',
      'lambda/adapters/',
      'lambda/core/',
    ]),
    only('lambda', ['lambda/', 'protocol/']),
    only('lambda/core', ['lambda/core/', 'protocol/']),
    only('lambda/adapters', ['lambda/adapters/', 'lambda/core/', 'lambda/contract', 'protocol/']),
    only('lambda/routes', ['lambda/routes/', 'lambda/core/', 'protocol/']),
    {
      name: 'core-knows-no-sdk',
      severity: 'error',
      from: { path: '^(protocol|lambda/core|lambda/routes)/' },
      to: { path: 'node_modules', pathNot: 'node_modules/@types/' },
    },
    {
      name: 'protocol-imports-nothing',
      severity: 'error',
      from: { path: '^protocol/' },
      to: { pathNot: '^protocol/' },
    },
    {
      name: 'functions-do-not-know-the-toolkit',
      severity: 'error',
      from: { path: '^(lambda|protocol|gateway|tokens)/' },
      to: { path: 'node_modules/(aws-cdk-lib|constructs|cdk-nag)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'client/dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
