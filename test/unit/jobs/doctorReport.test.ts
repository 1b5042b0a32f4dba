import * as l10n from '@vscode/l10n';
import { afterEach, describe, expect, it, test } from 'vitest';
import { doctorPage } from '../../../src/jobs/doctorReport';
import { wordsOf } from '../../../src/jobs/doctorWords';
import { formatSpan } from '../../../src/views/format';
import { gigabytes } from '../../../src/views/hostFacts';
import chinese from '../../../l10n/bundle.l10n.zh-cn.json';
import errors from '../files/scriptErrors.json';
import checks from './doctorChecks.json';

const samples = { ...checks, ...errors };
const english = { language: 'en', gigabytes, span: formatSpan };
const inChinese = { ...english, language: 'zh-cn' };

afterEach(() => l10n.config({ contents: {} }));

const report = (checks: readonly object[], ok: boolean): string =>
  `Some library says hello\n${JSON.stringify({ v: 1, ok, checks })}\n`;

function pageOf(checks: readonly object[], figures = english): string {
  return doctorPage('/p', { code: 0, stdout: report(checks, true), stderr: '' }, figures);
}

test('tells each check, and gives commands to copy', () => {
  const stdout = report(
    [
      { name: 'python', state: 'ok', text: '3.11.7 at /usr/bin/python3', fix: '' },
      {
        name: 'torch',
        state: 'failed',
        text: 'is not installed.',
        fix: "python -m pip install 'torch>=2.4'",
      },
      { name: 'disk', state: 'warning', text: '3 GB free', fix: 'Make room.' },
    ],
    false,
  );
  const page = doctorPage('/usr/bin/python3', { code: 1, stdout, stderr: '' }, english);
  expect(page).toContain('✓ **python**: 3.11.7 at /usr/bin/python3');
  expect(page).toContain("✗ **torch**: is not installed.\n\n```sh\npython -m pip install 'torch>=2.4'\n```");
  expect(page).toContain('⚠ **disk**: 3 GB free  \n→ Make room.');
  expect(page).toContain('Something stands in the way');
  expect(page).not.toContain('hello');
});

test('shows what was said when the check broke off', () => {
  const page = doctorPage(
    '/usr/bin/python3',
    { code: 1, stdout: '{"half":', stderr: 'Traceback\nImportError: x' },
    english,
  );
  expect(page).toContain('broke off');
  expect(page).toContain('ImportError: x');
});

test('no text of a check becomes markup', () => {
  const evil = '[x](command:evil) `y` <b>';
  const page = pageOf([
    { name: '<b>', state: 'ok', text: evil, fix: '' },
    {
      name: 'model',
      state: 'failed',
      text: '',
      fix: '',
      code: 'model-weights-missing',
      values: { folder: evil },
    },
  ]);
  expect(page).not.toContain('[x](command:evil)');
  expect(page).not.toContain('<b>');
});

describe('in Chinese', () => {
  it('every check is told in it, name, text and what to do; commands are to be copied as they are', () => {
    l10n.config({ contents: chinese });
    const stdout = report(
      [
        { ...said('python'), state: 'ok', fix: '' },
        { ...said('package-missing'), name: 'torch', fix: "/p -m pip install 'torch>=2.4'" },
        { ...said('disk-low'), state: 'warning', fix: 'Make room' },
        { ...said('gpu'), state: 'ok', fix: '' },
        { ...said('model'), state: 'ok', fix: '' },
        { ...said('data'), state: 'ok', fix: '' },
        { ...said('data-dropped'), state: 'warning', fix: '' },
        { ...said('data-empty'), fix: '' },
        { ...said('base-loss'), state: 'ok', fix: '' },
        { ...said('planned-run-gpu'), state: 'ok', fix: '' },
      ],
      false,
    );
    expect(doctorPage('/p', { code: 1, stdout, stderr: '' }, inChinese)).toMatchInlineSnapshot(`
      "# \`/p\` 的检查

      有问题需要先解决。请在终端中运行下面的命令，然后重新检查。

      ✓ **Python**：3.11.7，位于 /usr/bin/python3

      ✗ **torch**：尚未安装。

      \`\`\`sh
      /p -m pip install 'torch>=2.4'
      \`\`\`

      ⚠ **磁盘**：/work 剩余 3.2 GB  
      → 请腾出空间：检查点和片段可能需要 10 GB。

      ✓ **GPU**：NVIDIA H100，显存剩余 79/85 GB，CUDA 12.4

      ✓ **模型**：参数量 5.87亿，完整，位于 models/musicgen-small

      ✓ **数据**：1,300 行中有 1,234 行可用：共 2 小时 5 分，900 种文字描述；1,172 个用于 train，62 个用于 valid。

      ⚠ **数据**：已排除（太短）：6 行（a.wav, b.wav, c.wav, d.wav, e.wav, …）。

      ✗ **数据**：5 个片段都不可用（文件不存在：3; 没有文字描述：2）。请检查 --data\\_dir、元数据和 --max\\_duration。

      ✓ **基础模型 loss**：训练前 3.41（一无所知时为 7.62，预训练模型为 3.0 到 3.8）；去掉码本延迟为 6.93，延迟反向为 7.10

      ✓ **计划的训练**：1,200 步，约 10 分，显存 6.4 GB
      "
    `);
  });

  it.each(Object.entries(checks))('nothing is left of the English of %s', (code, values) => {
    const before = wordsOf(code, values, english);
    expect(before?.text).toMatch(/\w/);
    expect(JSON.stringify(before)).not.toMatch(/\{\d\}|undefined/);
    l10n.config({ contents: chinese });
    const after = wordsOf(code, values, inChinese);
    expect(JSON.stringify(after)).not.toMatch(/\{\d\}|undefined/);
    if (code !== 'packages') expect(after?.text).toMatch(/\p{Script=Han}/u);
    expect(after?.fix === null).toBe(before?.fix === null);
    if (typeof after?.fix === 'string') expect(after.fix).toMatch(/\p{Script=Han}/u);
  });
});

describe('what a script of another version says is shown as it came', () => {
  const came = { name: 'disk', state: 'ok', text: 'as it came', fix: 'Do it.' };
  it.each([
    ['no code', {}],
    ['a code of the future', { code: 'quantum', values: {} }],
    ['a code that every object has', { code: 'constructor', values: {} }],
    ['a code that is none', { code: 7, values: {} }],
    ['no values', { code: 'disk' }],
    ['values that are none', { code: 'disk', values: 'many' }],
    ['a value that is missing', { code: 'disk', values: { free_gb: 1 } }],
    ['a value of another kind', { code: 'disk', values: { free_gb: '1', folder: '/' } }],
    ['a word of the future', { code: 'data-dropped', values: { reason: 'toString', count: 1, names: 'a' } }],
  ])('%s', (_, more) => {
    l10n.config({ contents: chinese });
    expect(pageOf([{ ...came, ...more }], inChinese)).toContain('✓ **disk**：as it came  \n→ Do it.');
  });

  it('and a value more does no harm', () => {
    const more = { code: 'disk', values: { free_gb: 812, folder: '/work', inodes: 3 } };
    expect(pageOf([{ ...came, ...more, fix: '' }])).toContain('✓ **disk**: 812 GB free at /work');
  });
});

function said(code: keyof typeof samples): object {
  return { name: code, state: 'failed', text: 'English', code, values: samples[code] };
}
