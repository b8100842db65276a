import { check } from './checker';
import { runSchedule } from './memory/schedule';
async function main() {
  const counts = new Map();
  let d = 0,
    tr = 0;
  const t0 = Date.now();
  const from = Number(process.argv[2] ?? 1),
    n = Number(process.argv[3] ?? 20);
  const byRule = new Map<string, number>();
  for (let seed = from; seed < from + n; seed++) {
    const r = await runSchedule(seed, counts);
    d += r.deliveries;
    tr += r.troubled;
    const v = [...r.violations, ...check(r.record)];
    if (v.length > 0) {
      console.log(
        'seed',
        seed,
        v.length,
        v.slice(0, 4).map((x) => x.rule + ': ' + x.what),
      );
      for (const x of v) byRule.set(x.rule, (byRule.get(x.rule) ?? 0) + 1);
    }
  }
  console.log(byRule, d, tr, Date.now() - t0, 'ms');
  console.log(Object.fromEntries(counts));
  process.exit(0);
}
void main();
