/**
 * Runs the stack's schedules on the gateway's clock: `rate(…)` only, first after one period, as EventBridge does; any
 * of them immediately on request. A run that fails is retried like any asynchronous invocation.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock';
import type { Functions } from '../functions/functions';
import type { Logger, RunningSchedule } from '../options';
import { accountId, region } from '../platform';
import type { ScheduleModel } from '../template/model';

export function startSchedules(
  schedules: ScheduleModel[],
  functions: Functions,
  clock: Clock,
  log: Logger,
): RunningSchedule[] {
  return schedules.map((schedule) => {
    const { name, everyMs, functionName, expression } = schedule;
    const run = (): Promise<void> =>
      functions.dispatch(
        functionName,
        schedule.input ?? JSON.stringify(scheduledEvent(schedule, clock.now())),
      );
    if (everyMs === undefined) {
      const text = `The schedule ${name} does not run: the gateway supports only rate(…), not ${expression}.`;
      log({ function: functionName, stream: 'platform', text });
    } else {
      runEvery(everyMs, clock, run);
    }
    return { name, expression, function: functionName, run };
  });
}

function runEvery(everyMs: number, clock: Clock, run: () => Promise<void>): void {
  let due = clock.now() + everyMs;
  const runDue = async (): Promise<void> => {
    // Relative to the due time, so that the period does not drift.
    due += everyMs;
    clock.after(due - clock.now(), runDue);
    await run();
  };
  clock.after(everyMs, runDue);
}

/** Source: Amazon EventBridge user guide, the event of a rule that runs on a schedule. */
function scheduledEvent({ arn }: ScheduleModel, now: number): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [arn],
    detail: {},
  };
}
