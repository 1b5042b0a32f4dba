import { expect, test } from 'vitest';
import { HumanError } from '../../../src/errors';
import type { ExecResult } from '../../../src/hosts/exec';
import type { HostCall, Transport } from '../../../src/hosts/transport';
import { ask, NoAnswer } from '../../../src/jobs/answer';

const call: HostCall = { argv: ['python3', 'probe', '--frame', 'cafe'], input: '', timeoutMs: 1 };
const job = { id: '01J00000000000000000000001', root: '/w', now: 1, lock: 'free' };

function says(stdout: string, result: Partial<ExecResult> = {}): Transport {
  return {
    label: 'box',
    run: () => Promise.resolve({ code: 0, stderr: '', ...result, stdout }),
    stream: () => Promise.reject(new Error('nobody streams answers')),
    viewer: ([file, ...args]) => ({ file, args }),
  };
}

const framed = (body: unknown, frame = 'cafe'): string =>
  `EARMARK-${frame}\n${typeof body === 'string' ? body : JSON.stringify(body)}\nEND-${frame}\n`;

test('takes only what stands in the frame, whatever a login shell prints around it', async () => {
  const answer = framed({ v: 1, ok: true, jobs: [job] });
  const { jobs } = await ask(
    says(`Welcome!\n${framed({ ok: true, jobs: [] }, 'f00d')}${answer}logout\n`),
    call,
  );
  expect(jobs.map(({ id }) => id)).toEqual([job.id]);
});

test.each([
  ['nothing', ''],
  ['an answer cut off', framed({ ok: true, jobs: [] }).slice(0, -8)],
  ['an answer without its end', 'EARMARK-cafe\n{"ok":true,"jobs":[]}'],
  ['another frame', framed({ ok: true, jobs: [] }, 'beef')],
  ['no JSON', framed('{"ok":')],
  ['no answer', framed({ ok: true })],
  ['a list', framed([])],
  ['nesting without end', framed('['.repeat(200_000))],
])('%s is no answer, whatever the exit code', async (_, stdout) => {
  await expect(ask(says(stdout), call)).rejects.toBeInstanceOf(NoAnswer);
});

test('a reason is told where there is one', async () => {
  const failed = { code: 255, stderr: 'noise\nssh: connect to host box: Connection refused\n' };
  await expect(ask(says('', failed), call)).rejects.toThrow(/Connection refused/);
  await expect(ask(says('', { code: null }), call)).rejects.toThrow(/no answer came in time/);
});

test('a refusal is told in words', async () => {
  const refusal = framed({
    ok: false,
    error: 'disk-full',
    text: 'The disk of /w is full. Free some space first.',
  });
  await expect(ask(says(refusal, { code: 1 }), call)).rejects.toThrow(HumanError);
  await expect(ask(says(refusal, { code: 1 }), call)).rejects.toThrow(/disk of \/w is full/);
});

test('entries that are no jobs are left out; hostile keys change nothing', async () => {
  const entries = [
    null,
    3,
    { id: '../../x', root: '/w', now: 1 },
    { ...job, id: 'A'.repeat(26) },
    '__PROTO__',
    { ...job, spec: 7 },
  ];
  const body = JSON.stringify({ ok: true, jobs: entries }).replace(
    '"__PROTO__"',
    '{"__proto__":{"lock":"held"}}',
  );
  const { jobs } = await ask(says(framed(body)), call);
  expect(jobs.map(({ id, spec }) => [id, spec])).toEqual([
    ['A'.repeat(26), null],
    [job.id, null],
  ]);
  expect(({} as Record<string, unknown>)['lock']).toBeUndefined();
});

test('what files have grown by is told in bytes; what is no such answer is left out', async () => {
  const bytes = Buffer.from([0xff, 0, 0x0a]);
  const tail = {
    path: '/r/events.jsonl',
    inode: 2 ** 52,
    size: 9,
    offset: 6,
    base64: bytes.toString('base64'),
  };
  const bad = [{ ...tail, offset: -1 }, { ...tail, base64: '*' }, { ...tail, inode: '1' }, null];
  const { tails } = await ask(says(framed({ ok: true, jobs: [], tails: [...bad, tail] })), call);
  expect(tails).toEqual([{ path: tail.path, inode: tail.inode, size: 9, offset: 6, bytes }]);
  expect((await ask(says(framed({ ok: true, jobs: [] })), call)).tails).toEqual([]);
});
