/** `/_gateway/schedules`: GET lists the schedules of the stack; POST to the name of one runs it now. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodedOr, reply } from '../http/http-reply';
import type { RunningSchedule } from '../options';

export const schedulesPath = '/_gateway/schedules';

/** `path`: the path after the prefix. Answers a POST when the function has ended. */
export async function serveSchedules(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  schedules: readonly RunningSchedule[],
): Promise<void> {
  const name = decodedOr(path.replace(/^\//, ''), '');
  const schedule = schedules.find((each) => each.name === name);
  if (name === '' && request.method === 'GET') {
    reply(response, 200, {
      schedules: schedules.map((each) => ({
        name: each.name,
        expression: each.expression,
        function: each.function,
      })),
    });
  } else if (name !== '' && schedule === undefined) {
    reply(response, 404, {
      message: `There is no schedule ${name}.`,
      hint: `GET ${schedulesPath} lists them.`,
    });
  } else if (schedule === undefined || request.method !== 'POST') {
    reply(
      response,
      405,
      { message: 'GET lists the schedules, POST to one runs it.' },
      { Allow: name === '' ? 'GET' : 'POST' },
    );
  } else {
    await schedule.run();
    reply(response, 200, { ran: schedule.name });
  }
}
