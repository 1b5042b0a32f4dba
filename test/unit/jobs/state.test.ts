import { describe, expect, test } from 'vitest';
import { readEvidence, type Evidence } from '../../../src/jobs/evidence';
import { deriveState, isLive, succeeded, withoutContact, type JobState } from '../../../src/jobs/state';

const id = '01J00000000000000000000001';
const spec = { v: 1, id, argv: ['x'], cwd: '/' };
const started = { v: 1, at: 1000, host: 'gpu', child: { pid: 2, start: '3' } };

function seen(facts: object): Evidence {
  const evidence = readEvidence({
    id,
    root: '/w',
    now: 2000,
    spec,
    lock: 'free',
    here: true,
    age_s: 10,
    ...facts,
  });
  if (evidence === null) throw new Error('not read');
  return evidence;
}

const after = [{ job: '01J00000000000000000000000', when: 'succeeded' }];
const table: [string, object, Partial<JobState>][] = [
  ['just handed over', {}, { kind: 'submitted' }],
  ['its supervisor begins', { lock: 'held' }, { kind: 'submitted' }],
  ['waits for another', { lock: 'held', spec: { ...spec, after } }, { kind: 'queued' }],
  ['waits for a GPU', { lock: 'held', queue: { place: 2, ready: true } }, { kind: 'queued', queue: { place: 2, ready: true } }],
  ['waits for another, then for a GPU', { lock: 'held', queue: { place: 3, ready: false }, spec: { ...spec, after } }, { kind: 'queued', queue: { place: 3, ready: false } }],
  ['told of the queue in a way that is new', { lock: 'held', queue: 7, spec: { ...spec, after } }, { kind: 'queued', queue: null }],
  ['the start was cut off', { age_s: 61 }, { kind: 'lost', why: 'never-started' }],
  ['vanished while waiting', { heartbeat_age_s: 5, spec: { ...spec, after } }, { kind: 'lost', why: 'supervisor-gone-before-start' }],
  ['runs', { lock: 'held', started, alive: true, same_boot: true }, { kind: 'running', since: 1000 }],
  ['command ended, supervisor still at work', { lock: 'held', started, alive: false }, { kind: 'running' }],
  ['supervisor killed, command lives', { started, alive: true }, { kind: 'running-without-supervisor', since: 1000 }],
  ['both gone', { started, alive: false }, { kind: 'lost', why: 'supervisor-gone', since: 1000 }],
  ['rebooted', { started, alive: false, same_boot: false }, { kind: 'lost', why: 'reboot' }],
  ['rebooted, and the pid is taken by another', { started, alive: true, same_boot: false }, { kind: 'lost', why: 'reboot' }],
  ['refused by its script', { exit: { code: 2, why: 'exited', text: 'There is no model.', says: 'none-such', values: {} }, started }, { kind: 'ended', code: 2, text: 'There is no model.' }],
  ['ended well', { exit: { code: 0, why: 'exited', at: 5 } }, { kind: 'ended', code: 0, why: 'exited', at: 5 }],
  ['cancelled before it began', { exit: { code: null, why: 'stopped' } }, { kind: 'ended', why: 'stopped', began: false }],
  ['stopped without a supervisor', { exit: { code: null, why: 'stopped' }, started }, { kind: 'ended', why: 'stopped', began: true }],
  ['ended between two looks, lock still held', { lock: 'held', exit: { code: 0, why: 'exited' } }, { kind: 'ended' }],
  ['killed', { exit: { code: 137, why: 'signaled', signal: 'SIGKILL' } }, { kind: 'ended', signal: 'SIGKILL' }],
  ['exit.json of a newer version', { exit: { code: 3, why: 'eaten' } }, { kind: 'ended', why: 'unknown', code: 3 }],
  ['exit.json holds nonsense', { exit: {} }, { kind: 'ended', why: 'unknown', code: null }],
  ['exit.json is no object', { exit: 'done' }, { kind: 'ended', why: 'unknown', code: null }],
  ['another node, heart beats', { started, here: false, heartbeat_age_s: 3 }, { kind: 'running' }],
  ['another node, silence', { started, here: false, heartbeat_age_s: 300, alive: true }, { kind: 'unverifiable', since: 1700 }],
  ['another node, no heartbeat at all', { started, here: false }, { kind: 'unverifiable', since: 1000 }],
  ['another node, but the lock is seen held', { started, here: false, lock: 'held' }, { kind: 'running' }],
  ['no locks on this file system', { started, lock: 'unknown', heartbeat_age_s: 400 }, { kind: 'unverifiable' }],
  ['started.json holds nonsense', { started: {}, alive: false }, { kind: 'lost', why: 'supervisor-gone', since: null }],
  ['a clock that was set back', { started, lock: 'held', heartbeat_age_s: 0 }, { kind: 'running' }],
]; // prettier-ignore

test.each(table)('%s', (_, facts, expected) => {
  expect(deriveState(seen(facts))).toMatchObject(expected);
});

const inSlurm = (state: string, more: object = {}): object => ({
  slurm: { v: 1, id: '7' },
  here: false,
  scheduler: { id: '7', state, reason: null, node: null, start: null, end: null, ...more },
});
const beat = { started, heartbeat_age_s: 1 };
const slurmTable: [string, object, Partial<JobState>][] = [
  ['waits, for a reason', inSlurm('PENDING', { reason: 'QOSMaxGRESPerUser' }), { kind: 'queued', reason: 'QOSMaxGRESPerUser' }],
  ['its node gets ready', inSlurm('RUNNING', { node: 'n1' }), { kind: 'submitted' }],
  ['runs, on a node whose files come late', { ...inSlurm('RUNNING'), started, heartbeat_age_s: 400 }, { kind: 'running' }],
  ['a state that is new', { ...inSlurm('DREAMING'), started }, { kind: 'running' }],
  ['no answer, heart beats', { ...inSlurm('unreachable', { reason: 'Unable to contact' }), ...beat }, { kind: 'running' }],
  ['no answer, silence', { ...inSlurm('unreachable', { reason: 'Unable to contact' }), started, heartbeat_age_s: 300 }, { kind: 'unverifiable', reason: 'Unable to contact', since: 1700 }],
  ['nobody asked Slurm, waits', { slurm: { id: '7' }, age_s: 9999 }, { kind: 'unverifiable' }],
  ['gone', { ...inSlurm('gone'), started, heartbeat_age_s: 300 }, { kind: 'lost', why: 'scheduler' }],
  ['gone, and yet the heart beats', { ...inSlurm('gone'), ...beat }, { kind: 'running' }],
  ['gone, and yet it ended well', { ...inSlurm('gone'), exit: { code: 0, why: 'exited' } }, { kind: 'ended', code: 0 }],
  ['being submitted', inSlurm('gone', { id: null }), { kind: 'submitted' }],
  ['its submission was cut off', { ...inSlurm('gone', { id: null }), age_s: 100 }, { kind: 'lost', why: 'never-started' }],
  ['time out, its last word may come', { ...inSlurm('TIMEOUT', { node: 'n1', end: 1990 }), started }, { kind: 'running' }],
  ['time out', { ...inSlurm('TIMEOUT', { node: 'n1', end: 1900 }), started }, { kind: 'ended', why: 'terminated', text: 'Slurm 7 TIMEOUT', at: 1900 }],
  ['out of memory', { ...inSlurm('OUT_OF_MEMORY', { node: 'n1', end: 1900 }), started }, { kind: 'ended', why: 'out-of-memory' }],
  ['cancelled before it had a node', inSlurm('CANCELLED', { end: 1999 }), { kind: 'ended', why: 'terminated' }],
  ['cancelled on request', { ...inSlurm('CANCELLED', { end: 1999 }), stop: { v: 1 } }, { kind: 'ended', why: 'stopped', began: false }],
  ['time out while it was asked to stop', { ...inSlurm('TIMEOUT', { end: 1900 }), stop: { v: 1 } }, { kind: 'ended', why: 'terminated' }],
  ['never came to run', inSlurm('FAILED', { reason: 'JobLaunchFailure', node: 'n1', end: 1900 }), { kind: 'ended', why: 'not-started', text: 'Slurm 7 FAILED, JobLaunchFailure' }],
  ['never came to run, for a reason that its log has', inSlurm('FAILED', { end: 1900, said: 'python: not found' }), { why: 'not-started', text: 'Slurm 7 FAILED: python: not found' }],
  ['supervisor killed', { ...inSlurm('FAILED', { node: 'n1', end: 1900 }), started }, { kind: 'lost', why: 'supervisor-gone' }],
  ['supervisor killed, command seen alive', { ...inSlurm('FAILED', { node: 'n1', end: 1900 }), started, here: true, alive: true }, { kind: 'running-without-supervisor' }],
  ['nonsense', { slurm: 3, scheduler: 3, started, heartbeat_age_s: 300 }, { kind: 'unverifiable' }],
]; // prettier-ignore

test.each(slurmTable)('in Slurm: %s', (_, facts, expected) => {
  expect(deriveState(seen(facts))).toMatchObject(expected);
});

describe('without contact', () => {
  const running: JobState = { kind: 'running', since: 1 };

  test('what lived is unverifiable, with what was known and since when; never failed', () => {
    const once = withoutContact(running, 100, 'no route');
    expect(once).toEqual({ kind: 'unverifiable', since: 100, last: running, reason: 'no route' });
    expect(withoutContact(once, 200, 'timeout')).toEqual({ ...once, reason: 'timeout' });
    expect(isLive(once)).toBe(true);
  });

  test('what was final stays', () => {
    const ended = deriveState(seen({ exit: { code: 0, why: 'exited' } }));
    const lost = deriveState(seen({ age_s: 100 }));
    expect(withoutContact(ended, 100, '')).toBe(ended);
    expect(withoutContact(lost, 100, '')).toBe(lost);
  });
});

test('only an exit of its own with code 0 is success', () => {
  const code = (why: string, value: number | null): boolean =>
    succeeded(deriveState(seen({ exit: { why, code: value } })));
  expect(code('exited', 0)).toBe(true);
  expect([code('stopped', 0), code('exited', 1), code('exited', null), code('unknown', 0)]).toEqual([
    false, false, false, false,
  ]); // prettier-ignore
});
