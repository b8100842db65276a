/** Who may import whom. What is not listed here is refused; the reasons stand in docs/architecture.md. */
const rooms = [
  'bin',
  'lib',
  'lambda',
  'protocol',
  'gateway',
  'tokens',
  'clients/javascript',
  'cli',
  'console',
  'bench',
];
const only = (room, allowed) => ({
  name: `${room.replace(/[^a-z]+/g, '-')}-arrows`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: { path: `^(${[...rooms, 'test'].join('|')})/`, pathNot: allowed.map((path) => `^${path}`) },
});

/** From top to bottom: an event passes through them once. Each with those below that it may import. */
const capabilities = {
  http: ['audit', 'frames', 'publish', 'delivery', 'log', 'agents', 'revocation', 'shared'],
  events: [
    'audit',
    'frames',
    'publish',
    'inbox',
    'delivery',
    'agents',
    'erasure',
    'revocation',
    'sweep',
    'shared',
  ],
  frames: ['audit', 'publish', 'inbox', 'delivery', 'log', 'agents', 'shared'],
  publish: ['inbox', 'delivery', 'log', 'agents', 'shared'],
  inbox: ['delivery', 'log', 'agents', 'shared'],
  delivery: ['agents', 'shared'],
  erasure: ['revocation', 'shared'],
  revocation: ['agents', 'shared'],
  sweep: ['agents', 'shared'],
  log: ['shared'],
  agents: ['shared'],
  audit: ['shared'],
  shared: [],
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    // A package that another one happens to bring can be gone tomorrow.
    {
      name: 'packages-are-declared',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      // `npm ci` for production builds and runs all of these.
      name: 'no-development-package',
      severity: 'error',
      from: {
        path: '^(bin|lib|lambda|protocol|gateway|tokens|clients|cli|console)/',
        // The SDK is built without types when TypeScript is not there, and says so.
        pathNot: '^(protocol/schema/|clients/javascript/build\\.mjs$)',
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'nothing-imports-test', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    only('bin', ['bin/', 'lib/', 'lambda/contract', 'gateway/index', 'tokens/', 'console/server/index']),
    // The page knows the bus as any program does: by the SDK, which is a package to it.
    only('console', ['console/', 'clients/javascript/dist/']),
    only('lib', ['lib/', 'lambda/contract', 'cdk.json']),
    only('protocol', ['protocol/']),
    only('gateway', ['gateway/']),
    only('tokens', ['tokens/']),
    only('clients/javascript', ['clients/javascript/', 'protocol/']),
    only('clients/javascript/shared', ['clients/javascript/shared/', 'protocol/']),
    only('clients/javascript/connection', [
      'clients/javascript/connection/',
      'clients/javascript/options',
      'clients/javascript/reading/feed',
      'clients/javascript/shared/',
      'protocol/',
    ]),
    only('cli', [
      'cli/',
      'bin/',
      'console/server/index',
      'console/explain/',
      'lib/settings/',
      'gateway/index',
      'tokens/',
    ]),
    only('bench', ['bench/', 'bin/synthesis/', 'bin/cost/', 'gateway/index', 'tokens/', 'lambda/']),
    only('lambda', ['lambda/', 'protocol/']),
    ...Object.entries(capabilities).map(([folder, below]) =>
      only(`lambda/${folder}`, [folder, ...below].map((each) => `lambda/${each}/`).concat('protocol/')),
    ),
    only('lambda/aws', ['lambda/aws/', 'lambda/shared/', 'lambda/contract', 'protocol/']),
    only('lambda/functions', [
      'lambda/functions/',
      'lambda/events/',
      'lambda/http/',
      'lambda/aws/',
      'lambda/shared/',
      'lambda/contract',
    ]),
    {
      name: 'only-aws-knows-the-sdk',
      severity: 'error',
      from: { path: '^(protocol|lambda)/', pathNot: '^(lambda/(aws|functions)|protocol/schema)/' },
      to: { path: 'node_modules', pathNot: 'node_modules/(@types|hono)/' },
    },
    {
      name: 'protocol-imports-nothing',
      severity: 'error',
      from: { path: '^protocol/', pathNot: '^protocol/schema/' },
      to: { pathNot: '^protocol/' },
    },
    {
      // Its packages must not reach a bundle.
      name: 'only-tests-know-the-schema-generator',
      severity: 'error',
      from: { pathNot: '^(protocol/schema|test)/' },
      to: { path: '^protocol/schema/' },
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
    // Of the workspaces and of the whole.
    combinedDependencies: true,
    exclude: { path: '(clients/javascript|cli|console)/dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // Packages that name their parts in `exports` only.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
