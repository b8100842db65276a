/**
 * Names of properties inside the client, which the build shortens: they are a tenth of what every user downloads. None of
 * them is part of the API, of the wire, of a platform, or reached by a string. What is missing here is only longer;
 * test/client/package.test.ts holds the built files to what the sources promise.
 */
export const shortNames =
  'abandon accepted accepts acknowledge acknowledged addReader addedAt afresh answer answered arrival ask askPatiently attach attempts backlog bus bytes came canRenew cancels clock current cursorWriter deliver deliverEphemeral detach dial dialIn dialer done doubt doubtEndsAt drain drained dropped emit emitter end endStream ended events expect expiry fail failed failure failures feed fileOf first firstSentAt flight followed forget frame fruitless give giveUp giveUpIn greet handle handlers hasExpired hasHole hasReaders hasWarned heal hear heartbeat held hinted hints inMemory isBehind isBusy isClosed isConcurrent isConnected isDialing isEmpty isEnded isFailing isForInbox isFull isInbox isLoaded isMending isObserver isOfThisEpoch isOpen isOwn isPositionLost isReady isRepeat isReply isRequest isRunning isSaving isUrgent json jump keep keyOf known land landed lastError lastHeardAt lastPingAt learn learnHead learnTime leave leaving left listeners loaded loading look lowerTo mayDial mayReadLog mend missing move moveTo moved newest nextBatch nextTry note offer open opened opening out outbox own parts patience pause pauseUntil pending pings place plan port positions promise publisher pump put questions queued reached read readers readersOf ready receive reclaim recover refusals refuse refuseAll refused refusedMs release remove removeReader renew repeats replaceIn replayUntil report requests rest restartTimer resumeFrames retry rotation run saved see sentAway serverNow session setAside settle settled silence sinceWelcome singles skewMs skip skipLost socket spreadMs standing start stop strangeHead strangers stream streams succeeded suspect take takesOlder timeoutMs timer timers times told tries tryAgain unclaimed unread wait waitForHandler waiting wake want wanted watch watchWithPings welcome welcomedAt whenSilent windowMs within write written'.split(
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
