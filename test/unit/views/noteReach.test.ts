import { describe, expect, it } from 'vitest';
import { reachOf } from '../../../src/views/noteReach';
import { evaluationOf } from '../evaluations/evaluationOf';

const quick = evaluationOf({ prompts: ['slow cello', 'fast techno'], takes: ['base', 'best'] });
const full = evaluationOf({ name: 'evaluation_full', takes: ['best', 'final'] });
const other = evaluationOf({ run: 'run-b', takes: ['best'] });
const here = { run: 'run-a', evaluation: 'evaluation', prompt: 'evaluation-2' };

describe('reachOf', () => {
  it('gives a note the takes and prompts of its own evaluation by their plain names', () => {
    const reach = reachOf(here, [full, quick], []);
    expect(reach.evaluation).toBe(quick);
    expect(reach.prompt?.text).toBe('fast techno');
    expect(reach.takes).toEqual(['base', 'best']);
    expect([...reach.prompts]).toEqual([1, 2]);
    expect(reach.take('best')?.evaluation).toBe(quick);
    expect(reach.take('final')).toBeNull();
  });

  it('gives a note on the run all takes of the run, those of the first evaluation that has the name', () => {
    const reach = reachOf({ ...here, evaluation: null, prompt: null }, [quick, full], []);
    expect(reach.takes).toEqual(['base', 'best', 'final']);
    expect(reach.take('best')?.evaluation).toBe(quick);
    expect(reach.take('final')?.evaluation).toBe(full);
    expect(reach.prompt).toBeNull();
  });

  it('names what stands beside it by run, by evaluation, or by both', () => {
    const reach = reachOf(here, [quick], [quick, full, other]);
    expect(reach.take('run-b/best')?.evaluation).toBe(other);
    expect(reach.take('evaluation_full/final')?.evaluation).toBe(full);
    expect(reach.take('run-b/evaluation/best')?.evaluation).toBe(other);
    expect(reach.take('best')?.evaluation).toBe(quick);
  });

  it('reaches nothing of its own when its evaluation is gone', () => {
    const reach = reachOf({ ...here, evaluation: 'renamed' }, [quick], [other]);
    expect(reach.evaluation).toBeNull();
    expect(reach.prompt).toBeNull();
    expect(reach.prompts.size).toBe(0);
    expect(reach.take('best')).toBeNull();
    expect(reach.take('run-b/best')?.evaluation).toBe(other);
  });
});
