/**
 * Names of properties inside the client, which the build shortens: they are a tenth of what every user downloads. None of
 * them is part of the API, of the wire, of a platform, or reached by a string. What is missing here is only longer;
 * test/client/package.test.ts holds the built files to what the sources promise.
 */
export const shortNames =
  'abandon accepted accepts acknowledge acknowledged addedAt addReader afresh answer answered arrival askAgain askPatiently attach attemptIn attempts backlog bytes came cancel cancels canRenew current cursorWriter deliver deliverEphemeral detach dial dialer dialIn done doubt doubtEndsAt drain drained drop dropped emit emitter ended events expect expected expiry fail failed failure failures feed firstSentAt flight followed forget frame fruitless give giveUp giveUpIn greet handle handlers hasExpired hasHole hasReaders hasWarned heal hear heartbeat held hinted hints inMemory isAttempting isBehind isBusy isClosed isConcurrent isConnected isDialing isEmpty isEnded isFailing isForgotten isForInbox isFull isInbox isLoaded isMending isObserver isOfThisEpoch isOpen isOwn isPositionLost isReady isRepeat isReply isRequest isRunning isSaving isUrgent json jump keep known land landed lastError lastHeardAt lastPingAt learnHead learnTime leave leaving left listeners loaded loading look lowerTo mayDial mayReadLog mend missing move moved moveTo newest nextBatch nextId nextTry note offer open opened opening outbox parts patience pause pauseUntil pending pings plan planReplacement port positions promise publisher pump questions queued reached read readers readersOf ready receive reclaim recover refusals refuse refuseAll refused refusedMs release remove removeReader renew renewIn repeats replaceIn replacement replayUntil report reported requests rest restartTimer resumeFrames retry rotation said saved sentAway serverNow session settle silence sinceWelcome singles skewMs skip skipLost socket spreadMs standing start stop strangeHead strangers stream streams succeeded suspect take takesOlder timeoutMs timer timers times told tried tries tryAgain unclaimed unread unreported waitForHandler waiting wake want wanted watch watchWithPings welcomedAt whenSilent windowMs write'.split(
    ' ',
  );

/** Names of classes that stay, because users meet them in logs and in `constructor.name`. */
export const keptNames = [
  'Agent',
  'ArtCafeWebSocketClient',
  'Channel',
  'FileCursor',
  'Inbox',
  'LocalStorageCursor',
  'MemoryCursor',
  'Presence',
  'PubSub',
  'PubSubError',
  'RequestError',
];
