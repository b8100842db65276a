/** The JavaScript SDK on the vectors that every SDK has to pass; test/vectors/README.md says how they are read. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Step, VectorRun } from '../helpers/vector-run';

const folder = path.join(__dirname, '../vectors');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

interface Vector {
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

describe.each(files)('%s', (file) => {
  const vectors = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as readonly Vector[];

  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_, { options, steps }) => {
    const run = new VectorRun(options);
    for (const [index, step] of steps.entries()) {
      try {
        await run.take(step);
      } catch (error) {
        throw new Error(`Step ${index + 1}, ${JSON.stringify(step)}: ${String(error)}`, { cause: error });
      }
    }
    await run.end();
  });
});
