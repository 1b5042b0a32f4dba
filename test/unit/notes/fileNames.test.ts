import { describe, expect, it } from 'vitest';
import { fileName, sameFileName } from '../../../src/notes/fileNames';
import { random } from './records';

describe('fileName', () => {
  it.each([
    ['Ann Lee', 'Ann-Lee'],
    ['李雷', '李雷'],
    ['Zoë', 'Zoë'],
    ['../../etc/passwd', 'etc-passwd'],
    ['a/b\\c:d*e?"<f>|g', 'a-b-c-d-e-f-g'],
    ['..', 'x'],
    ['   ', 'x'],
    ['', 'x'],
    ['\0\u202e\u200b', 'x'],
    ['\ud800', 'x'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['com1', '_com1'],
    ['console', 'console'],
    ['name.', 'name'],
    ['.hidden', 'hidden'],
  ])('%j → %s', (name, expected) => expect(fileName(name, 'x')).toBe(expected));

  it('shortens by bytes, never inside a character, and keeps long names apart', () => {
    const a = fileName('音'.repeat(200) + 'a', 'x');
    const b = fileName('音'.repeat(200) + 'b', 'x');
    expect(a).not.toBe(b);
    expect(Buffer.byteLength(a)).toBeLessThanOrEqual(60);
    expect(a).toMatch(/^音+-[0-9a-f]{8}$/);
  });

  it('gives every string a name that no system refuses, and the same name for that name', () => {
    const next = random(3);
    for (let round = 0; round < 500; round += 1) {
      const length = Math.floor(next() * 90);
      const codes = Array.from({ length }, () => Math.floor(next() * (next() < 0.5 ? 128 : 0x11000)));
      const name = fileName(String.fromCodePoint(...codes), 'x');
      expect(name).toMatch(/^[^\p{Cc}<>:"/\\|?* ]+$/u);
      expect(name).not.toMatch(/^\.|\.$/);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(61);
      expect(fileName(name, 'x')).toBe(name);
    }
  });

  it('knows what a case-insensitive disk takes for one', () => {
    expect(sameFileName('Output', 'output')).toBe(true);
    expect(sameFileName('é', 'e\u0301')).toBe(true);
    expect(sameFileName('a', 'b')).toBe(false);
  });
});
