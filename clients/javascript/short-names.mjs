/**
 * Names of properties inside the client, which the build shortens: they are a tenth of what every user downloads. None of
 * them is part of the API, of the wire, of a platform, or reached by a string. What is missing here is only longer;
 * test/client/package.test.ts holds the built files to what the sources promise.
 */
export const shortNames =
  'accepted accepts acknowledge acknowledged addedAt afresh answer answered arrival ask askPatiently attach attempts backlog baseUrl begin bus bytes came cancels carrier clean current cursorWriter deliver deliverEphemeral detach dial dialIn dialer done doubt doubtEndsAt drain drained drop dropped emit emitter end ended events expect expiry fail failed failures feed fileOf first flight folder followed forget fruitless give giveUp greet handle hasExpired hasHole hasOpened hasWarned haveRoom hear heartbeat hinted hints insert isBusy isConcurrent isConnected isDialing isEmpty isEnded isFailing isForInbox isFull isInbox isLoaded isFillingHole isOfThisEpoch isOpen isOut isOwn isPositionLost isReady isRepeat isReply isRequest isRunning isSaving isUnhandled isUrgent isWanted json jump keep keyOf known land lastError lastHeardAt lastPingAt learnHead learnTime leave leaving left listeners loaded look lowerTo make mayDial mayReadLog fillHole move moveTo moved newest nextBatch nextTry note offer open opened opening outbox own parts passed passedWith patience pause pauseUntil pending pings place placeOf port positions prefix promise publisher pump put questions queued reached read reader readers readersOf ready receive refusals refuse refuseAll refusedMs release remove renew repeats replayUntil report requests rest restartTimer retry run saved see sentAway serverNow session setAside settle settled siblings sinceWelcome singles skewMs skip skipLost slots socket spreadMs start stop storage strangeHead strangers stream streams succeeded suspect take timeoutMs timer timers times told tries tryAgain unhandled unread uses wait waiting waits wake watch welcome welcomedAt whenSilent windowMs within write'.split(
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
