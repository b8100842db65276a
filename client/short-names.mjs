/**
 * Names of properties inside the client, which the build shortens: they are a tenth of what every user downloads. None of
 * them is part of the API, of the wire, of a platform, or reached by a string. What is missing here is only longer;
 * test/client/package.test.ts holds the built files to what the sources promise.
 */
export const shortNames =
  'abandon accepts acknowledge acknowledged addReader afresh answer answered arrival askPatiently attach attemptIn attempts bytes cancel cancels current cursorWriter deliver detach dial done doubt doubtEndsAt drained dropped emit emitter ended events expect expected fail failed failures feed firstSentAt flight followed forget frame fruitless handler handlers hasHole hasReaders heal hear heartbeat held hinted hints isAttempting isConnected isEnded isFull isLoaded isMending isOfThisEpoch isOpen isOwn isReady isRepeat isReply isRequest isRunning isSaving isUrgent json jump known land landed lastHeardAt lastPingAt learnHead leave leaving left listeners look lowerTo mayReadLog mend missing move moveTo newest nextBatch nextId nextTry note offer open opened opening options outbox parts patience pause pauseUntil pending pings planReplacement port position positions promise pump questions queued reached read readers ready receive recover refusals refuse refuseAll release remove removeReader renew renewIn repeats replacement replayUntil requests rest restartTimer retry saved seen sentAway session settle sinceWelcome singles skewMs skip socket spreadMs standing start stop strangeHead strangers stream streams succeeded suspect take takesOlder timer timers times tries tryAgain unread waiting wake want wanted watch watchWithPings welcomedAt whenSilent windowMs write'.split(
    ' ',
  );
