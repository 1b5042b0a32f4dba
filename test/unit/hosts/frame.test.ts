import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AnswerReader, framedCall } from '../../../src/hosts/frame';
import { loginShellCommand } from '../../../src/hosts/loginShell';
import { makeFolder } from '../files/folders';

const has = (name: string): boolean => spawnSync(name, ['-c', 'exit 0']).status === 0;
const awkward = ['', ' ', "'", "it's", '"', '\\', '\\\\', "a\\'b", 'end\\', '$HOME', '!!', '!', '`id`', '*', '~', '歌🎸', '-n', '%s', '#', '{a,b}', '(x)', '[a]']; // prettier-ignore

test.each(['sh', 'bash', 'dash', 'ksh'].filter(has))('%s reads a call from its input', (name) => {
  const input = `${awkward.join('\n')}${'x'.repeat(300_000)}\n\n`;
  const { word, script } = framedCall({
    argv: ['sh', '-c', 'printf "%s|" "$@"; cat; exit 9', 'x', ...awkward],
    input,
    timeoutMs: 20_000,
  });
  const { stdout, stderr } = spawnSync(name, ['-s'], { input: script, maxBuffer: 1e8 });
  const answer = new AnswerReader(word);
  const body = Buffer.concat([answer.stdout(Buffer.from('noise')), answer.stdout(stdout)]);
  answer.stderr(stderr);
  expect(answer.attempt({ code: 0, stderr: '' })).toEqual({ whole: true, begun: true, code: 9, stderr: '' });
  expect(body.toString()).toBe(`${awkward.map((text) => `${text}|`).join('')}${input}`);
});

test.each(['sh', 'bash', 'dash', 'ksh'].filter(has))(
  '%s runs nothing of a call that was cut',
  async (name) => {
    const cwd = await makeFolder();
    const { script } = framedCall({
      argv: ['touch', 'it ran'],
      input: 'words; touch "it ran"',
      timeoutMs: 1000,
    });
    // The last two characters only end a line that is whole.
    for (let length = 0; length < script.length - 1; length += 1)
      spawnSync(name, ['-s'], { cwd, input: script.slice(0, length) });
    expect(await readdir(cwd)).toEqual([]);
    spawnSync(name, ['-s'], { cwd, input: script });
    expect(await readdir(cwd)).toEqual(['it ran']);
  },
);

test('an answer is found byte by byte, and only a whole one counts', () => {
  const { word } = framedCall({ argv: ['x'], input: '', timeoutMs: 1000 });
  const body = `\nEND-${word}\n END-0000000000000000 0\n\nEND`;
  const said = Buffer.from(`BEGIN-0000\nBEGIN-${word}\n${body}\nEND-${word} 12\n`);
  for (const length of [said.length, said.length - 1]) {
    const answer = new AnswerReader(word);
    const told: Buffer[] = [];
    for (const byte of said.subarray(0, length)) told.push(answer.stdout(Buffer.from([byte])));
    expect(Buffer.concat(told).toString()).toBe(body);
    const attempt = answer.attempt({ code: 0, stderr: 'cut' });
    expect([attempt.whole, attempt.code]).toEqual(length === said.length ? [true, 12] : [false, 0]);
  }
});

test.each(['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish', 'tcsh'].filter(has))('%s as a login shell reads a command line as it was meant', (name) => {
  const { stdout } = spawnSync(name, ['-c', loginShellCommand(['printf', '%s|', ...awkward])]);
  expect(stdout.toString()).toBe(awkward.map((text) => `${text}|`).join(''));
}); // prettier-ignore
