/**
 * Runs the stack's schedules on the gateway's clock: `rate(…)` only, first after one period, as EventBridge does.
 * A run that fails is retried like any asynchronous invocation.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from './clock';
import type { Functions } from './functions/functions';
import type { Log } from './options';
import { accountId, region } from './platform';
import type { ScheduleModel } from './template/model';

export function startSchedules(
  schedules: ScheduleModel[],
  functions: Functions,
  clock: Clock,
  log: Log,
): void {
  for (const schedule of schedules) {
    const { everyMs, functionName, expression } = schedule;
    if (everyMs === undefined) {
      const text = `The schedule ${schedule.name} is not run: only rate(…) is understood, not ${expression}.`;
      log({ function: functionName, stream: 'platform', text });
      continue;
    }
    let due = clock.now() + everyMs;
    const run = async (): Promise<void> => {
      // From the time when it was due, so that the period does not drift.
      due += everyMs;
      clock.after(due - clock.now(), run);
      await functions.dispatch(
        functionName,
        schedule.input ?? JSON.stringify(scheduledEvent(schedule, clock.now())),
      );
    };
    clock.after(everyMs, run);
  }
}

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
