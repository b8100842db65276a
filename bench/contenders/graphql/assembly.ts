/**
 * aws-lambda-graphql as a contender. With version 2 of the SDK it has 119 MB, so it is installed once into the user's
 * cache.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { writeAssembly } from '../assembly';

/** The dependencies of its README, at the last compatible versions. */
const packages = [
  'aws-lambda-graphql@0.12.1',
  'aws-sdk@2.1693.0',
  'graphql@14.7.0',
  'graphql-subscriptions@1.2.1',
  'graphql-tools@4.0.8',
  'apollo-link@1.2.14',
];

export function writeGraphqlAssembly(folder: string): string {
  const modules = installed();
  return writeAssembly(folder, {
    tables: {
      Connections: ['id'],
      Subscriptions: ['event', 'subscriptionId'],
      Operations: ['subscriptionId'],
      Events: ['id'],
    },
    // Without this variable, its SDK opens a socket per call.
    variables: { MODULES: modules, AWS_NODEJS_CONNECTION_REUSE_ENABLED: '1' },
    build: (file) => {
      copyFileSync(path.join(__dirname, 'functions.cjs'), file);
    },
  });
}

function installed(): string {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'artcafe-pubsub');
  const folder = path.join(cache, packages[0] ?? '');
  const modules = path.join(folder, 'node_modules');
  if (!existsSync(path.join(modules, '.package-lock.json'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
    const flags = ['--save-exact', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', ...flags, ...packages], { cwd: folder, stdio: 'ignore' });
  }
  return modules;
}
