import { describe, expect, it } from 'vitest';
import { exec, execStream } from '../../../src/hosts/exec';
import { localTransport } from '../../../src/hosts/localTransport';
import { makeFolder } from '../files/folders';

const options = { cwd: '/', timeoutMs: 10_000 };
const node = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args] as const;

describe('exec', () => {
  it('gives code and both outputs', async () => {
    const result = await exec(
      [...node('console.log("out"); console.error("err"); process.exit(3)')],
      options,
    );
    expect(result).toEqual({ code: 3, stdout: 'out', stderr: 'err' });
  });

  it('hands every argument over as it is, through no shell', async () => {
    const awkward = [`a b`, `"; echo gone`, '$HOME', '*', '曲'];
    const result = await exec(
      [...node('console.log(JSON.stringify(process.argv.slice(1)))', ...awkward)],
      options,
    );
    expect(JSON.parse(result.stdout)).toEqual(awkward);
  });

  it('runs in the folder it is told, and reads what it is given', async () => {
    const cwd = await makeFolder();
    const echo = 'process.stdin.on("data", (data) => console.log(process.cwd() + " " + data))';
    expect((await exec([...node(echo)], { ...options, cwd, input: 'words' })).stdout).toBe(`${cwd} words`);
    // Without input there is an end to read, not a keyboard to wait for.
    const silent = 'process.stdin.resume(); process.stdin.on("end", () => console.log("end"))';
    expect((await exec([...node(silent)], options)).stdout).toBe('end');
  });

  it('adds no words to those of a program that ended by itself', async () => {
    expect(await exec([...node('process.exit(3)')], options)).toEqual({ code: 3, stdout: '', stderr: '' });
    const streamed = await execStream([...node('process.exit(3)')], options, () => undefined);
    expect(streamed).toEqual({ code: 3, stdout: '', stderr: '' });
  });

  it('tells as a result that a program is not there, takes too long, or says too much', async () => {
    const absent = await exec(['earmark-no-such-program'], options);
    expect(absent).toMatchObject({ code: null, stdout: '' });
    expect(absent.stderr).toMatch(/ENOENT/);

    const slow = await exec([...node('setInterval(() => 0, 1000)')], { ...options, timeoutMs: 200 });
    expect(slow.code).toBeNull();
    expect(slow.stderr).toMatch(/timed out/);

    const loud = await exec([...node('process.stdout.write("x".repeat(5000))')], {
      ...options,
      maxBytes: 1000,
    });
    expect(loud.stdout).toHaveLength(1000);
    expect(loud.stderr).not.toBe('');
  });

  it('does not wait for what a program that was ended left behind', async () => {
    const script = 'echo begun; sleep 1000 & echo $! >&2; wait';
    const { code, stdout, stderr } = await exec(['sh', '-c', script], { ...options, timeoutMs: 500 });
    process.kill(Number(stderr));
    expect([code, stdout]).toEqual([null, 'begun']);
  });
});

describe('execStream', () => {
  it('hands out every byte as it comes, and the rest as a result', async () => {
    const chunks: Uint8Array[] = [];
    const script =
      'process.stdout.write(Buffer.alloc(300000, 200)); console.error("err"); process.exitCode = 4';
    const result = await execStream([...node(script)], options, (chunk) => void chunks.push(chunk));
    expect(result).toEqual({ code: 4, stdout: '', stderr: 'err' });
    expect(Buffer.concat(chunks).equals(Buffer.alloc(300_000, 200))).toBe(true);
  });

  it('throws what the reader throws, and ends the program', async () => {
    const endless = 'setInterval(() => process.stdout.write("x"), 1)';
    const reading = execStream([...node(endless)], options, () => {
      throw new Error('disk full');
    });
    await expect(reading).rejects.toThrow('disk full');
  });

  it('tells as a result that it was ended early, timed out, or never began', async () => {
    const endless = 'setInterval(() => process.stdout.write("x"), 1)';
    const stop = new AbortController();
    const ended = await execStream([...node(endless)], { ...options, signal: stop.signal }, () =>
      stop.abort(),
    );
    expect(ended.code).toBeNull();
    const slow = await execStream([...node(endless)], { ...options, timeoutMs: 300 }, () => undefined);
    expect(slow.code).toBeNull();
    expect(slow.stderr).toMatch(/timed out/);
    expect((await execStream(['earmark-no-such-program'], options, () => undefined)).stderr).toMatch(
      /ENOENT/,
    );
  });
});

describe('the host that is this machine', () => {
  it('runs what it is called with, and shows it in a terminal unchanged', async () => {
    const host = localTransport('this machine');
    const argv = node('process.stdin.pipe(process.stdout)');
    expect(await host.run({ argv: [...argv], input: 'hello', timeoutMs: 10_000 })).toEqual({
      code: 0,
      stdout: 'hello',
      stderr: '',
    });
    expect(host.viewer(['tail', '-f', 'a log'])).toEqual({ file: 'tail', args: ['-f', 'a log'] });
  });
});
