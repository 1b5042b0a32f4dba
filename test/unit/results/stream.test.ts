import { describe, expect, it } from 'vitest';
import { send } from '../../../src/results/ask';
import { isInside, readFolderLine, type RemoteFile } from '../../../src/results/remoteFile';
import { BadStream, FramedStream } from '../../../src/results/stream';
import type { HostCall, Transport } from '../../../src/hosts/transport';
import { tools } from './support';

describe('FramedStream', () => {
  const said = Buffer.from(
    'hello from .bashrc\nno endEARMARK-f00d\n{"bytes":5}\n\n{"x\n{"曲":1}\nEND-f00d\nbye\n',
  );

  it.each([1, 2, 3, 7, 1000])('reads the same in pieces of %i bytes', async (piece) => {
    const heard: unknown[] = [];
    let raw = '';
    const stream = new FramedStream('f00d', {
      line: (value) => {
        heard.push(value);
        return (value as { bytes?: number }).bytes ?? 0;
      },
      bytes: (part) => void (raw += Buffer.from(part).toString()),
    });
    // One buffer for all pieces, as a reader of pipes may have.
    const buffer = Buffer.alloc(piece);
    for (let at = 0; at < said.length; at += piece) {
      const length = said.copy(buffer, 0, at, at + piece);
      await stream.push(buffer.subarray(0, length));
    }
    expect([heard, raw, stream.ended]).toEqual([[{ bytes: 5 }, { 曲: 1 }], '\n{"x\n', true]);
  });

  it.each([
    ['a line without end', 'EARMARK-f00d\n' + 'x'.repeat(1_000_001)],
    ['noise without end', 'x\n'.repeat(600_000)],
    ['nothing but another frame', `EARMARK-beef\n${'{}\n'.repeat(400_000)}`],
    ['too much at once', 'EARMARK-f00d\n{"bytes":1048577}\n'],
    ['less than nothing', 'EARMARK-f00d\n{"bytes":-1}\n'],
    ['a part of a byte', 'EARMARK-f00d\n{"bytes":0.5}\n'],
    ['no JSON', 'EARMARK-f00d\nhello\n'],
    ['JSON without bottom', `EARMARK-f00d\n${'['.repeat(200_000)}\n`],
  ])('ends at %s', async (_, text) => {
    const stream = new FramedStream('f00d', {
      line: (value) => (value as { bytes: number }).bytes,
      bytes: () => undefined,
    });
    await expect(stream.push(Buffer.from(text))).rejects.toThrow(BadStream);
  });
});

describe('a host that lies about what it sends', () => {
  const file: RemoteFile = { path: 'a.wav', size: 4, mtime: '1', inode: 1, kind: 'clip' };
  const begin = '{"file":0,"path":"a.wav","size":4,"offset":0}\n';
  const end = `{"end":0,"sha256":"${'0'.repeat(64)}"}\n`;

  async function hear(text: string): Promise<string[]> {
    const told: string[] = [];
    await send(saying(text), tools, '/', [{ file, offset: 0 }], {
      begin: () => Promise.resolve(void told.push('begin')),
      bytes: (part) => Promise.resolve(void told.push(Buffer.from(part).toString())),
      end: () => Promise.resolve(void told.push('end')),
      failed: (_, error) => Promise.resolve(void told.push(error)),
    });
    return told;
  }

  it('is believed when it does not', async () => {
    expect(await hear(`${begin}{"bytes":4}\nabcd${end}{"ok":true}\n`)).toEqual(['begin', 'abcd', 'end']);
    expect(await hear(`${begin}{"bytes":1}\na{"bytes":3}\nbcd${end}`)).toEqual(['begin', 'a', 'bcd', 'end']);
    expect(await hear('{"end":0,"error":"gone","text":""}\n')).toEqual(['gone']);
  });

  it.each([
    ['a larger size', begin.replace('4', '5')],
    ['another offset', begin.replace('"offset":0', '"offset":1')],
    ['another file', begin.replace('"file":0', '"file":1')],
    ['more bytes than listed', `${begin}{"bytes":5}\nabcde`],
    ['more bytes in a second piece', `${begin}{"bytes":4}\nabcd{"bytes":1}\n`],
    ['fewer bytes than listed', `${begin}{"bytes":3}\nabc${end}`],
    ['bytes of no file', '{"bytes":1}\na'],
    ['the end of no file', end],
    ['a file twice', begin + begin],
    ['a file after the last', `${begin}{"bytes":4}\nabcd${end}${begin}`],
    ['the end of another file', `${begin}{"bytes":4}\nabcd${end.replace('0', '1')}`],
    ['a hash that is none', `${begin}{"bytes":4}\nabcd{"end":0,"sha256":"../../x"}\n`],
    ['no file', '{"ok":true}\n'],
    ['half a file', `${begin}{"bytes":2}\nab`],
    ['something else', '{"hello":1}\n'],
  ])('is not believed: %s', async (_, text) => {
    await expect(hear(text)).rejects.toThrow(BadStream);
  });
});

describe('a host that lies about names', () => {
  it('is not believed', () => {
    const bad = [
      '../x',
      '/etc/passwd',
      'a/../b',
      'a//b',
      '',
      '.',
      'a/.hidden',
      '.incoming/lock',
      'a\0b',
      'x'.repeat(256),
    ];
    expect(bad.filter(isInside)).toEqual([]);
    expect(['a', 'a/b.wav', 'a..b', '曲/é.wav', '__proto__', 'a\\..\\b'].every(isInside)).toBe(true);
    const row = [1, '1', 1, 'data'];
    expect(readFolderLine({ folder: '../up', files: [['x.json', ...row]] })).toEqual([]);
    expect(
      readFolderLine({
        folder: 'a',
        files: [
          ['../../x.json', ...row],
          ['ok.json', ...row],
        ],
      }),
    ).toHaveLength(1);
    expect(readFolderLine({ folder: 'a', files: [['x.json', -1, '1', 1, 'data']] })).toBeNull();
    expect(readFolderLine({ folder: 'a', files: [['x.json', Infinity, '1', 1, 'data']] })).toBeNull();
    expect(readFolderLine({ folder: 'a', files: [['x.json', 1, 'now', 1, 'data']] })).toBeNull();
  });
});

/** A host whose every program says this, between the marks that it was told. */
function saying(text: string): Transport {
  const unused = (): never => {
    throw new Error('not asked for here');
  };
  return {
    label: 'liar',
    run: unused,
    viewer: unused,
    stream: async ({ argv }: HostCall, onBytes) => {
      const frame = argv[argv.indexOf('--frame') + 1] ?? '';
      await onBytes(Buffer.from(`EARMARK-${frame}\n${text}\nEND-${frame}\n`.replace(/\n\nEND/, '\nEND')));
      return { code: 0, stdout: '', stderr: '' };
    },
  };
}
