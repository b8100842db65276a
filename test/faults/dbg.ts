import { runSchedule, Schedule } from './memory/schedule';
async function main() {
  const seed = Number(process.argv[2]),
    agent = process.argv[3],
    id = process.argv[4],
    subj = process.argv[5];
  const s = new Schedule(seed, new Map(), { retentionMs: 24 * 3600000, mayExpire: false });
  const p: any = s.platform;
  const t0 = s.time.now();
  const orig = p.route.bind(p);
  let n = 0;
  p.route = (kind: any, event: any, run: any, expected: any) => {
    const isIt =
      kind === 'message' &&
      event.body.includes(`"${id}"`) &&
      event.requestContext.authorizer.agent === agent &&
      event.body.includes(subj);
    if (isIt) {
      const k = ++n;
      console.log(s.time.now() - t0, 'run', k, 'starts', event.body, 'skew', run.options.skewMs);
      const call = run.call.bind(run);
      run.call = async (name: any, apply: any, other: any) => {
        if (name === 'post') return call(name, apply, other);
        let did = 'notapplied';
        try {
          const v = await call(
            name,
            async () => {
              did = 'applied@' + (s.time.now() - t0);
              const r = await apply();
              did += ' ' + JSON.stringify(r)?.slice(0, 150);
              return r;
            },
            other,
          );
          console.log(s.time.now() - t0, '  run', k, name, did, '->', JSON.stringify(v)?.slice(0, 160));
          return v;
        } catch (e: any) {
          console.log(s.time.now() - t0, '  run', k, name, did, 'throws', e.message);
          throw e;
        }
      };
    }
    return orig(kind, event, run, expected).then((r: any) => {
      if (isIt) console.log(s.time.now() - t0, 'run returned');
      return r;
    });
  };
  await s.live();
  await s.rest();
  process.exit(0);
}
void main();
