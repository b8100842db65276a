/** The setting `events`: which events go to EventBridge. */
import * as v from 'valibot';

const busExpected = 'the name of an event bus';
const listExpected = 'a list of up to 20 channel names, or prefixes ending in *';

export const eventsEntries = {
  /** A bus of the account and Region. */
  bus: v.optional(v.pipe(v.string(busExpected), v.regex(/^[\w./-]{1,256}$/, busExpected)), 'default'),
  /** Channels whose messages are events, too. */
  channels: v.optional(
    v.pipe(
      v.array(
        v.pipe(v.string(listExpected), v.regex(/^(?:[\w.:-]{1,128}|[\w.:-]{0,127}\*)$/, listExpected)),
        listExpected,
      ),
      v.minLength(1, listExpected),
      v.maxLength(20, listExpected),
    ),
  ),
};
