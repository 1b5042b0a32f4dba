import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellCommand, shellQuote } from '../../../src/hosts/quote';

/** What shells have been seen to trip over, and then a thousand words of the same characters in every order. */
const hard = [
  '', ' ', '~', '~root', '=ls', '-rf', '--', "'", "''", '"', '\\', '\\\\', "a\\'b", 'end\\', '$HOME', '$(touch x)', '`id`',
  '!!', '#', '# no comment', '*', '?', '[a]', '{a,b}', 'a;b', 'a|b', 'a&&b', '>x', '<x', '(', ')', '\n', 'a\nb\n', '\t', '\r',
  '%s', '%n', '\u001b[31m', '歌', '🎸', 'e\u0301', '\u202egnp', 'A=b', 'if', '\u0001', '\u007f', 'x'.repeat(5000),
]; // prettier-ignore
const characters = ['a', ' ', "'", '"', '\\', '$', '`', '\n', '!', '~', '#', '*', '=', '-', ';', '&', '|', '(', ')', '{', '}', '<', '>', '%', '\t', '歌', '🎸', '\u0001', '\u00a0']; // prettier-ignore

/** The same words every time: a failure can be looked at again. */
function randomWords(count: number): string[] {
  let seed = 12_345;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: random(12) }, () => characters[random(characters.length)]).join(''),
  );
}

const shells = ['sh', 'bash', 'dash', 'zsh', 'ksh'].filter(
  (name) => spawnSync(name, ['-c', 'exit 0']).status === 0,
);

test.each(shells)('%s reads back every word as it was', (name) => {
  const words = [...hard, ...randomWords(1000)];
  const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`;
  // Over standard input, as it goes to a host: one long command line has a limit that single words do not.
  const { stdout, stderr } = spawnSync(name, ['-s'], { input: script, maxBuffer: 1e8 });
  expect(stderr.toString()).toBe('');
  expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words);
});

test('a command keeps its place, its environment and its program, whatever they are called', () => {
  const env = { WORD: "it's $HOME\n", PATH: process.env['PATH'] ?? '' };
  const command = shellCommand(['env'], { cwd: '/', env });
  const { stdout } = spawnSync('sh', ['-c', `${command} && pwd`]);
  expect(stdout.toString()).toContain("WORD=it's $HOME\n");
  expect(stdout.toString().trimEnd().endsWith('\n/')).toBe(true);
  for (const program of ['if', 'a=b', 'for', '~', '=x', 'no such program'])
    expect(spawnSync('sh', ['-c', shellCommand([program, 'x'])]).status).toBe(127);
});

test('what needs no quotes stays as a person writes it', () => {
  expect(shellCommand(['python', 'train_lora.py', '--learning_rate', '1e-4', '--data_dir', '../data'])).toBe(
    'python train_lora.py --learning_rate 1e-4 --data_dir ../data',
  );
  expect(() => shellQuote('a\0b')).toThrow(RangeError);
});
