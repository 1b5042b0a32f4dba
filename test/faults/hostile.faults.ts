import { chmod, chown, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { expect } from 'vitest';
import { ask, NoAnswer } from '../../src/jobs/answer';
import { python, shell, storeOf } from '../unit/jobs/support';
import { direct } from './matrix';
import { fault, faultIn, run, through, view } from './support';

const nasty = [
  '',
  "it's",
  '"',
  '\\',
  '$(touch pwned)',
  '`touch pwned`',
  '; touch pwned',
  'a\nb\r\n',
  '\u001b]0;x\u0007',
  '歌🎸',
  '\u202egnp',
  '-rf',
];

fault('B5', 'smoke', async (rig) => {
  const show = 'import os, sys, json; json.dump([sys.argv[1:], os.environ["WORDS"]], open("seen.json", "w"))';
  const words = nasty.join('|');
  const draft = { ...shell(rig.folder, ''), argv: [python, '-c', show, ...nasty, 'x'.repeat(120_000)], env: { WORDS: words }, title: words };
  const [job] = await rig.store.start(rig.prepare(draft));
  expect((await rig.ended(job!.id)).state).toMatchObject({ code: 0 });
  expect(JSON.parse(await readFile(join(rig.folder, 'seen.json'), 'utf8'))).toEqual([[...nasty, 'x'.repeat(120_000)], words]);
  expect(await readdir(rig.folder)).not.toContain('pwned');
  expect(() => rig.prepare({ ...draft, argv: ['echo', 'x'.repeat(1_000_000)] })).toThrow(/longer than 128 KB/);
  const many = { ...draft, argv: ['echo', ...Array.from({ length: 12 }, () => 'x'.repeat(100_000))] };
  await expect(rig.store.start(rig.prepare(many))).rejects.toThrow(/larger than 1 MB/);
}); // prettier-ignore

fault('B6', 'full', async (rig) => {
  const titles = ['../../x', '-rf', '.', 'CON', 'x'.repeat(300), '\u202e🎸', '/etc/passwd'];
  const jobs = [];
  for (const title of titles)
    jobs.push(...(await rig.store.start(rig.prepare(shell(rig.folder, 'exit 0', { title })))));
  for (const { id } of jobs) expect((await rig.ended(id)).directory).toBe(join(rig.root, id));
  expect((await readdir(rig.folder)).sort()).toEqual(['.earmark']);
});

fault('B8', 'smoke', async (rig) => {
  const store = storeOf(rig.folder, null);
  const launch = rig.prepare(shell(rig.folder, 'touch ran'));
  await store.refresh();
  await expect(store.start(launch)).rejects.toThrow(/not trusted/);
  expect(await readdir(rig.folder)).toEqual([]);
});

faultIn(direct, 'B10', 'smoke', async (rig) => {
  const id = ulid(1);
  const directory = join(rig.root, id);
  await mkdir(directory, { recursive: true });
  const spec = { v: 1, id, kind: 'train', title: 'Innocent', argv: ['touch', join(rig.folder, 'pwned')], cwd: rig.folder };
  await writeFile(join(directory, 'spec.json'), JSON.stringify(spec));
  await writeFile(join(directory, 'cmd.sh'), `touch ${join(rig.folder, 'pwned')}\n`);
  await writeFile(join(directory, 'out.log'), '');
  await writeFile(join(directory, 'started.json'), JSON.stringify({ child: { pid: process.pid, start: '1' }, boot: 'x' }));
  await rig.store.refresh();
  expect(rig.store.job(id)).toMatchObject({ title: 'Innocent', state: { kind: 'lost' } });
  await (await view(rig, rig.store.job(id)!)).end;
  await rig.store.stop(id, 0);
  expect(await readdir(rig.folder)).toEqual(['.earmark']);
}); // prettier-ignore

fault('B25', 'smoke', async (rig) => {
  const log =
    '\\033]8;;http://evil\\033\\\\link\\033]8;;\\033\\\\ \\033]52;c;ZXZpbA==\\007 \\033]633;E;rm -rf\\007 \\033]0;title\\007 \\033[2J\\033[5A\\007\\007' +
    '\\033[32mgreen\\033[0m \\r 50%%|#####     |\\n';
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, `printf '${log}'`)));
  await rig.ended(job!.id);
  const viewer = await view(rig, job!);
  await viewer.end;
  expect(viewer.output()).toContain('link    \u001b[32mgreen\u001b[0m \r 50%|#####     |\n');
});

fault('B27', 'full', async (rig) => {
  const links = ['command:workbench.action.terminal.new', 'file:///etc/passwd', 'javascript:alert(1)'];
  const bare = links.map((link) => `[here](${link} "title") <${link}>\n`).join('');
  const hidden = ['\u001b\\', '\u0007', '\u009c'].flatMap((end) =>
    links.map((link) => `\u001b]8;id=1;${link}${end}shown\u001b]8;;${end}\n`),
  );
  const oneByte = links.map((link) => `\u009d8;;${link}\u009cshown\n`);
  await writeFile(join(rig.folder, 'text'), [...oneByte, ...hidden, bare].join(''));
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, 'cat text')));
  await rig.ended(job!.id);
  const viewer = await view(rig, job!);
  await viewer.end;
  expect(viewer.output()).toContain('shown\n'.repeat(hidden.length) + bare);
  for (const opening of ['\u001b]', '\u009d']) expect(viewer.output()).not.toContain(opening);
});

fault('B26', 'smoke', async (rig) => {
  const lie = '{"v":1,"ok":true,"jobs":[]}';
  const frames = ['', 'f00d', '0123456789abcdef'].map(
    (frame) => `EARMARK-${frame}\\n${lie}\\nEND-${frame}\\n`,
  );
  const noisy = through(
    rig.host,
    'sh',
    '-c',
    `printf '${frames.join('')}'; "$@"; printf '${frames.join('')}'`,
    'sh',
  );
  const [job] = await storeOf(rig.folder, noisy).start(
    rig.prepare(shell(rig.folder, `printf '${frames.join('')}'`)),
  );
  await rig.ended(job!.id);
  const { jobs } = await ask(noisy.transport, rig.host.engine.probe([rig.root], []));
  expect(jobs.map(({ id }) => id)).toEqual([job!.id]);
});

fault('B30', 'smoke', async (rig) => {
  const secret = 'hf_0123456789';
  expect(() => rig.prepare(shell(rig.folder, 'true', { env: { HF_TOKEN: secret } }))).toThrow(/looks like a secret/);
  expect(() => rig.prepare({ ...shell(rig.folder, ''), argv: ['x', '--hf_token', secret] })).toThrow(/looks like a secret/);
  const inHost = storeOf(rig.folder, through(rig.host, 'env', `HF_TOKEN=${secret}`));
  const [job] = await inHost.start(rig.prepare(shell(rig.folder, '[ "$HF_TOKEN" = hf_0123456789 ]; echo $? >&2; exec sleep 0.2')));
  expect((await rig.ended(job!.id)).state).toMatchObject({ code: 0 });
  // The test's own script names it once, in argv; the environment adds no other place.
  const found = await run('grep', '-rl', '--', secret, rig.root);
  expect(found.trim().split('\n').map((path) => path.slice(job!.directory.length + 1)).sort()).toEqual(['cmd.sh', 'spec.json']);
}); // prettier-ignore

fault('B31', 'smoke', async (rig, { skip }) => {
  await mkdir(rig.root, { recursive: true });
  await chmod(rig.root, 0o777);
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, 'exit 0')));
  await rig.ended(job!.id);
  expect((await run('stat', '-c', '%a', rig.root)).trim()).toBe('700');
  await rename(rig.root, join(rig.folder, 'real'));
  await symlink(join(rig.folder, 'real'), rig.root);
  await expect(rig.store.start(rig.prepare(shell(rig.folder, 'exit 0')))).rejects.toThrow(/is a link/);
  if (process.getuid?.() !== 0) skip('only root can give a folder away');
  await run('rm', rig.root);
  await mkdir(rig.root);
  await chown(rig.root, 12_345, 12_345);
  await expect(rig.store.start(rig.prepare(shell(rig.folder, 'exit 0')))).rejects.toThrow(
    /belongs to another user/,
  );
});

faultIn(direct, 'B36', 'full', async (rig) => {
  for (const script of ['exec yes EARMARK', 'exec sleep 1000']) {
    const call = { argv: ['sh', '-c', script, 'x', '--frame', 'aa'] as const, input: '', timeoutMs: 3000 };
    await expect(ask(rig.host.transport, call)).rejects.toBeInstanceOf(NoAnswer);
  }
});
