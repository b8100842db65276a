/**
 * Whether a run kept the promises. Pure: a record in, violations out. The rules are the invariants of docs/reliability.md.
 */
import type { Inside, LogRowSeen, LogPosition, Publication, RunRecord, View, Violation } from './record';

export function check(record: RunRecord): Violation[] {
  const violations: Violation[] = [];
  const report = (rule: string, what: string): void => {
    violations.push({ rule, what });
  };
  for (const [subject, rows] of record.logs) checkLog(subject, rows, record, report);
  for (const publication of record.publications) checkPublication(publication, record, report);
  checkPlaces(record, report);
  for (const view of record.views) checkView(view, record, report);
  checkReceived(record, report);
  checkInbox(record, report);
  if (record.inside !== undefined) checkInside(record.inside, record, report);
  return violations;
}

type Report = (rule: string, what: string) => void;

/** Sequences without holes, times that never go back, each row a message that somebody published there. */
function checkLog(subject: string, rows: readonly LogRowSeen[], record: RunRecord, report: Report): void {
  const published = new Set(
    record.publications
      .filter((each) => each.subject === subject)
      .map(({ agentId, id, tag }) => `${agentId} ${id} ${tag}`),
  );
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    const expected = (before?.sequence ?? 0) + 1;
    // Expired rows are deleted in no order.
    if (record.mayExpire ? row.sequence < expected : row.sequence !== expected)
      report('I1 dense', `${subject} has ${row.sequence} after ${expected - 1}`);
    if (before !== undefined && before.epoch !== row.epoch && !record.mayExpire)
      report('I1 epoch', `${subject} changed its epoch at ${row.sequence} with nothing expired`);
    if (before !== undefined && row.at < before.at)
      report('I3 time', `${subject} has a time before that of ${before.sequence} at ${row.sequence}`);
    if (!published.has(`${row.agentId} ${row.id} ${row.tag}`))
      report(
        'I4 stranger',
        `${subject} holds ${row.agentId} ${row.id} "${row.tag}", which nobody published there`,
      );
  }
}

/** How long a retry finds its first copy (ACK-6); a little less, as clocks differ. */
const retryMs = 4 * 60_000;

function checkPublication(publication: Publication, record: RunRecord, report: Report): void {
  const { subject, agentId, id, acks, outcome, attempts, isCalm, tag, isEphemeral } = publication;
  const name = `${agentId} ${id} in ${subject}`;
  const rows = (record.logs.get(subject) ?? []).filter((row) => row.agentId === agentId && row.id === id);
  const isStored = acks.some(({ place }) => place !== undefined);
  if (rows.length === 0 && isStored && !record.mayExpire)
    report('I1 lost', `${name} was acknowledged and is not in the log`);
  const isSoon = (rows.at(-1)?.at ?? 0) - (rows[0]?.at ?? 0) < retryMs;
  if (rows.length > 1 && isSoon) {
    const rule = outcome === 'acked' ? 'I1 twice' : 'I5 twice';
    report(
      rule,
      `${name} is in the log ${rows.length} times: ${rows.map(({ sequence }) => sequence).join()}`,
    );
  }
  for (const { place } of acks) {
    if (place === undefined) continue;
    const row = (record.logs.get(subject) ?? []).find((each) => isSame(each, place));
    if (row === undefined && record.mayExpire) continue;
    if (row?.agentId !== agentId || row.id !== id || row.tag !== tag)
      report(
        'I1 place',
        `${name} was acknowledged at ${text(place)}, where ${row ? `${row.agentId} ${row.id}` : 'nothing'} stands`,
      );
  }
  if (isEphemeral && rows.length > 0) report('I1 ephemeral', `${name} was not to be kept, and is in the log`);
  if (isCalm && outcome !== 'acked')
    report(
      'I6 answer',
      `${name} was published when all was well, and was ${outcome} after ${attempts} attempts`,
    );
}

/** Two messages never get one place. */
function checkPlaces({ publications }: RunRecord, report: Report): void {
  const owners = new Map<string, string>();
  for (const { subject, agentId, id, acks } of publications) {
    for (const { place } of acks) {
      if (place === undefined) continue;
      const key = `${subject} ${text(place)}`;
      const owner = owners.get(key) ?? `${agentId} ${id}`;
      if (owner !== `${agentId} ${id}`)
        report('I1 shared', `${key} was given to ${owner} and ${agentId} ${id}`);
      owners.set(key, owner);
    }
  }
}

/** Everything from the start on, once, in order, and nothing else. */
function checkView(view: View, record: RunRecord, report: Report): void {
  const { subject, client, sights, tenantId } = view;
  const rows = record.logs.get(subject) ?? [];
  const name = `${client} on ${subject}`;
  let at: LogPosition | undefined;
  for (const sight of sights) {
    switch (sight.kind) {
      case 'start':
        at = sight.place;
        break;
      case 'reset':
        if (!record.mayExpire) report('I2 reset', `${name} was told "${sight.reason}" with nothing expired`);
        at = sight.place;
        break;
      case 'gap': {
        const isTrue = !rows.some(
          ({ sequence, isReadable }) => isReadable && sequence >= sight.from && sequence <= sight.to,
        );
        if (!record.mayExpire || !isTrue)
          report('I2 gap', `${name} was told of a gap ${sight.from}–${sight.to} that is none`);
        at = { epoch: at?.epoch ?? '', sequence: sight.to };
        break;
      }
      case 'shown': {
        const { place, id, agentId, tag } = sight;
        if (sight.tenantId !== tenantId)
          report('I4 tenant', `${name} saw ${agentId} ${id} of tenant ${sight.tenantId}`);
        if (at?.epoch === place.epoch && place.sequence <= at.sequence)
          report('I3 order', `${name} saw ${place.sequence} after ${at.sequence}`);
        if (at !== undefined && !record.mayExpire && place.sequence !== at.sequence + 1)
          report('I2 skipped', `${name} saw ${place.sequence} after ${at.sequence}`);
        const row = rows.find((each) => isSame(each, place));
        if (
          row === undefined ? !record.mayExpire : row.id !== id || row.agentId !== agentId || row.tag !== tag
        )
          report(
            'I2 other',
            `${name} saw ${agentId} ${id} "${tag}" as ${text(place)}, where the log has something else`,
          );
        at = place;
        break;
      }
    }
  }
  if (!view.mustBeComplete) return;
  const head = rows.at(-1);
  if (at === undefined) report('I6 start', `${name} was never told where it stands`);
  else if (head !== undefined && head.isReadable && head.sequence > at.sequence)
    report('I6 complete', `${name} has ${at.sequence} of ${head.sequence}`);
}

/** Frames and log lines: nothing of another tenant, of another channel, and no secret. */
function checkReceived({ received, logLines, secrets, publications }: RunRecord, report: Report): void {
  for (const { client, tenantId, agentId, channels, text: said } of received) {
    for (const frame of framesOf(said)) {
      if (typeof frame.tenant_id === 'string' && frame.tenant_id !== tenantId)
        report('I4 tenant', `${client} received a message of ${frame.tenant_id}`);
      if (isMessage(frame) && typeof frame.channel_id === 'string' && !channels.includes(frame.channel_id))
        report('I4 channel', `${client} received a message of ${frame.channel_id}`);
      if (isMessage(frame) && typeof frame.to === 'string' && frame.to !== agentId)
        report('I4 direct', `${client} received a message for ${frame.to}`);
    }
  }
  const leak = (said: string): string | undefined =>
    secrets.find((secret) => said.includes(secret)) ?? (/\n\s+at \S+ \(/.test(said) ? 'a stack' : undefined);
  for (const { client, text: said } of received) {
    const found = leak(said);
    if (found !== undefined) report('I10 frame', `${client} was sent ${found}`);
  }
  for (const line of logLines) {
    const found = leak(line) ?? publications.find(({ tag }) => line.includes(tag))?.tag;
    if (found !== undefined) report('I10 log', `a log line has ${found}: ${line.slice(0, 1_000)}`);
  }
}

/** INB-1: what was stored while no connection was live is pushed to the next one, which may be closing. */
function checkInbox({ publications, received, returned, inside }: RunRecord, report: Report): void {
  const pushed = [...received, ...(inside?.lostAtClose ?? [])];
  for (const { tenantId, agentId, id, to, acks } of publications) {
    const isForReturned = returned.some((each) => each.tenantId === tenantId && each.agentId === to);
    if (!isForReturned || acks[0]?.status !== 'stored') continue;
    const isPushed = pushed.some(
      (each) =>
        each.tenantId === tenantId &&
        each.agentId === to &&
        framesOf(each.text).some((frame) => frame.id === id && frame.agent_id === agentId),
    );
    if (!isPushed) report('I6 inbox', `${agentId} ${id} was stored for ${String(to)} and never pushed`);
  }
}

/** No retry storm: what one invocation may post again, and how long it may run. */
const retries = 50;
const maxMs = 5_000;

function checkInside(inside: Inside, record: RunRecord, report: Report): void {
  checkAckOrder(inside, report);
  if (!record.mayExpire) checkSubscribed(inside, report);
  for (const { kind, ms, end, leftOver, posts, missed } of inside.invocations) {
    if (leftOver > 0) report('I9 unfinished', `${kind} returned with ${leftOver} calls under way`);
    if (kind === 'message' && ms > maxMs) report('I9 time', `${kind} took ${ms} ms and was ${end}`);
    const first = new Set(posts.map(({ connectionId, text: said }) => `${connectionId} ${said}`)).size;
    const allowed = retries + Math.ceil(first / 10) + 3;
    const retried = posts.filter(({ isRetry }) => isRetry).length;
    if (retried > allowed) report('I8 retries', `${kind} retried ${retried} posts`);
    for (const who of missed) report('I7 live', `${who} was left out by a fan-out that nothing hindered`);
  }
  // A count of zero would mean that the run did not look.
  if (record.publications.length > 0 && inside.invocations.length === 0)
    report('record', 'no invocation was recorded');
}

/** ACK means durable: the row is there before the ACK leaves. */
function checkAckOrder({ writes, acksSent }: Inside, report: Report): void {
  const written = new Map<string, number>();
  for (const { subject, place, moment } of writes) {
    const key = `${subject.split('/')[0] ?? ''} ${text(place)} ${subject}`;
    if (!written.has(key)) written.set(key, moment);
  }
  const byPlace = new Map<string, number[]>();
  for (const { subject, place, id, agentId, moment } of writes) {
    const key = `${subject.split('/')[0] ?? ''} ${agentId} ${id} ${text(place)}`;
    byPlace.set(key, [...(byPlace.get(key) ?? []), moment]);
  }
  for (const { tenantId, agentId, id, place, moment } of acksSent) {
    const moments = byPlace.get(`${tenantId} ${agentId} ${id} ${text(place)}`) ?? [];
    if (!moments.some((each) => each < moment))
      report('I1 early', `${agentId} ${id} was acknowledged before it was written`);
  }
}

/** What stands above the head that a subscriber was told was written after its subscription. */
function checkSubscribed({ writes, subscriptions, told }: Inside, report: Report): void {
  for (const { connectionId, subject, place } of told) {
    const since = subscriptions.find(
      (each) => each.kind === 'put' && each.connectionId === connectionId && each.subject === subject,
    )?.moment;
    const missed = writes.find(
      (write) =>
        write.subject === subject &&
        write.place.sequence > place.sequence &&
        (write.place.epoch === place.epoch || place.sequence === 0) &&
        (since === undefined || write.moment < since),
    );
    if (missed !== undefined)
      report(
        'I2 head',
        `${connectionId} was told ${text(place)} of ${subject}, and ${missed.place.sequence} was there before it subscribed`,
      );
  }
}

export function framesOf(said: string): Record<string, unknown>[] {
  const value: unknown = JSON.parse(said);
  return (Array.isArray(value) ? value : [value]) as Record<string, unknown>[];
}

/** The server's own frames are in capitals; what has no type is the platform's. */
export function isMessage(frame: Record<string, unknown>): boolean {
  return typeof frame.type === 'string' && frame.type === frame.type.toLowerCase();
}

function isSame(a: LogPosition, b: LogPosition): boolean {
  return a.sequence === b.sequence && a.epoch === b.epoch;
}

function text({ epoch, sequence }: LogPosition): string {
  return `${epoch}/${sequence}`;
}
