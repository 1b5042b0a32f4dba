import { describe, expect, test } from 'vitest';
import { plainOutcome, playwrightOutcome, pytestOutcome, vitestOutcome } from '../outcome';

const escape = String.fromCharCode(27);

describe('the closing words of', () => {
  test('vitest: counts, what failed and why, what passed the second time', () => {
    const output = [
      `${escape}[31m ❯${escape}[39m test/unit/a.test.ts (3 tests | 1 failed) 218ms`,
      '     ✓ is slow at times 10ms (retry x1)',
      '     × adds 5ms (retry x1)',
      ' FAIL  test/unit/a.test.ts > sum > adds',
      ' FAIL  test/unit/a.test.ts > sum > adds',
      'AssertionError: expected 3 to be 4',
      '',
      ' Test Files  1 failed (1)',
      `      ${escape}[2mTests${escape}[22m  1 failed | 2 passed | 4 skipped (7)`,
    ].join('\n');
    expect(vitestOutcome(output)).toEqual({
      passed: 2,
      failed: 1,
      skipped: 4,
      failures: ['test/unit/a.test.ts > sum > adds: AssertionError: expected 3 to be 4'],
      flaky: ['is slow at times 10ms (retry x1)'],
    });
  });

  test('pytest, and of its second try', () => {
    const first = [
      '=== short test summary info ===',
      'FAILED test/python/test_a.py::test_b - assert 1 == 2',
      'ERROR test/python/test_a.py::test_c - OSError: disk',
      '=== 1 failed, 210 passed, 2 skipped, 1 error in 80.12s (0:01:20) ===',
    ];
    const failures = first.slice(1, 3);
    expect(pytestOutcome(first.join('\n'))).toEqual({
      passed: 210,
      failed: 2,
      skipped: 2,
      failures,
      flaky: [],
    });

    const half = [
      ...first,
      '',
      'FAILED test/python/test_a.py::test_b - assert 1 == 2',
      '=== 1 failed, 1 passed in 0.5s ===',
    ];
    expect(pytestOutcome(half.join('\n'))).toEqual({
      passed: 211,
      failed: 1,
      skipped: 2,
      failures: [first[1]],
      flaky: ['ERROR test/python/test_a.py::test_c - OSError: disk'],
    });
  });

  test('our own runners, summed over their rounds', () => {
    const output =
      '  ✓ a (5 ms) on the second try\n  ✗ b\n      why\n1 passed, 1 failed, 0 skipped\n2 passed, 0 failed, 3 skipped\n';
    expect(plainOutcome(output)).toEqual({
      passed: 3,
      failed: 1,
      skipped: 3,
      failures: ['✗ b why'],
      flaky: ['✓ a (5 ms) on the second try'],
    });
  });

  test('Playwright', () => {
    const output = [
      '  ✘  7 [pages] › note.spec.ts:3:1 › keeps',
      '',
      '  1 failed',
      '    [pages] › note.spec.ts:3:1 › keeps ────',
      '  1 flaky',
      '    [pages] › sound.spec.ts:9:1 › plays ────',
      '  2 skipped',
      '  12 passed (24.0m)',
    ].join('\n');
    expect(playwrightOutcome(output)).toEqual({
      passed: 13,
      failed: 1,
      skipped: 2,
      failures: ['[pages] › note.spec.ts:3:1 › keeps ────'],
      flaky: ['[pages] › sound.spec.ts:9:1 › plays ────'],
    });
  });

  test('nobody: a layer that crashed before it counted', () => {
    for (const read of [vitestOutcome, pytestOutcome, plainOutcome, playwrightOutcome]) {
      expect(read('Segmentation fault\n')).toEqual({
        passed: 0,
        failed: 0,
        skipped: 0,
        failures: [],
        flaky: [],
      });
    }
  });
});
