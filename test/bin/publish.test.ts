/** What the release workflow publishes: npm accepts provenance only of packages that name their repository. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const folders = ['clients/javascript', 'cli', 'lib/package'];

test('each package names the repository that publishes it', () => {
  const checkout = mkdtempSync(path.join(tmpdir(), 'artcafe-publish-'));
  try {
    for (const folder of ['.', ...folders]) {
      mkdirSync(path.join(checkout, folder), { recursive: true });
      cpSync(path.join(root, folder, 'package.json'), path.join(checkout, folder, 'package.json'));
    }
    // In place of npx: what would be published.
    const bin = path.join(checkout, 'bin');
    mkdirSync(bin);
    writeFileSync(
      path.join(bin, 'npx'),
      `#!/bin/sh\necho "$@"\ncat ${folders.map((folder) => `${folder}/package.json`).join(' ')} > published\n`,
      { mode: 0o755 },
    );
    const said = execFileSync('sh', [path.join(root, '.github/publish.sh')], {
      cwd: checkout,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${bin}:${process.env.PATH ?? ''}`,
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'someone/somewhere',
      },
    });
    expect(said).toBe('changeset publish\n');
    const published = readFileSync(path.join(checkout, 'published'), 'utf8');
    for (const directory of folders) {
      const text = readFileSync(path.join(checkout, directory, 'package.json'), 'utf8');
      expect(published).toContain(text);
      expect(JSON.parse(text)).toMatchObject({
        repository: { type: 'git', url: 'git+https://github.com/someone/somewhere.git', directory },
      });
    }
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
});

test('the workflow publishes so', () => {
  const workflow = readFileSync(path.join(root, '.github/workflows/release.yml'), 'utf8');
  expect(workflow).toContain('publish: sh .github/publish.sh');
});
