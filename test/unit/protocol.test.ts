import { expect, test } from 'vitest';
import { fromWebviewSchema } from '../../src/protocol';

const note = {
  type: 'saveNote',
  request: 1,
  text: 'warm',
  scope: 'take',
  prompt: 'p1',
  take: 't1',
  seconds: [1, 2],
  replaces: null,
} as const;

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['words', 'ready'],
  ['a list', [{ type: 'ready' }]],
  ['a type of its own', { type: 'runCommand', command: 'workbench.action.terminal.new' }],
  ['a name of every object', { type: 'constructor' }],
  ['a type in a list', { type: ['ready'] }],
  ['a request that is no number', { ...note, request: '1' }],
  ['a note without end', { ...note, text: 'x'.repeat(100_001) }],
  ['a scope of its own', { ...note, scope: '../..' }],
  ['an id that is an object', { ...note, take: { toString: 't1' } }],
  ['seconds that are none', { ...note, seconds: [Number.NaN, Infinity] }],
  ['half a span', { ...note, seconds: [1] }],
  ['clips without end', { type: 'analyse', clips: Array.from({ length: 20_001 }, () => 'c') }],
  ['a kind of place that is not asked for', { type: 'pick', field: 'data', kind: 'program' }],
])('a message of another shape is not understood: %s', (_, message) => {
  expect(fromWebviewSchema.safeParse(note).success).toBe(true);
  expect(fromWebviewSchema.safeParse(message).success).toBe(false);
});

test('a message of the protocol carries nothing more than the protocol says', () => {
  const more = JSON.parse('{"path": "/etc/passwd", "__proto__": {"polluted": 1}}') as object;
  expect(fromWebviewSchema.parse({ ...note, ...more, constructor: 1 })).toEqual(note);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
