import { describe, expect, it } from 'vitest';
import type { ClipAnalysisView } from '../../../src/protocol';
import { playerTakes, sceneOf, type Scene } from '../../../src/webview/scene';
import { analysisOf, pageOf, type Shape } from './pages';

const quiet = { player: 'paused', wanted: false } as const;

function scene(shape: Shape, analyses: readonly ClipAnalysisView[], sound = quiet): Scene {
  return sceneOf(pageOf(shape), new Map(analyses.map((found) => [found.clip, found])), sound);
}

describe('a lane', () => {
  const shape = { takes: ['base', 'best', 'final'], missing: ['one/best'], unpromised: ['one/final'] };

  it('waits for its file to be read, then is ready', () => {
    expect(scene(shape, []).lanes[0]).toMatchObject({ status: 'reading', notice: null });
    expect(scene(shape, [analysisOf('one/base')]).lanes[0]).toMatchObject({ status: 'ready', notice: null });
  });

  it('says why there is nothing to hear', () => {
    const [, missing, unpromised] = scene(shape, []).lanes;
    expect(missing).toMatchObject({ status: 'silent', notice: 'The clip is not there yet.' });
    expect(unpromised?.notice).toContain('does not hold this prompt');
  });

  it('tells a broken file from one that can be heard in part', () => {
    const broken = analysisOf('one/base', { format: null, problem: { severity: 'error', message: 'HTML.' } });
    expect(scene(shape, [broken]).lanes[0]).toMatchObject({ status: 'silent', notice: 'HTML.' });
    const short = analysisOf('one/base', { problem: { severity: 'warning', message: 'Cut off.' } });
    expect(scene(shape, [short]).lanes[0]).toMatchObject({ status: 'ready', notice: 'Cut off.' });
  });
});

describe('a scene', () => {
  const shape = { takes: ['base', 'best'] };

  it('is as long as the longest take and matched to the quietest', () => {
    const short = analysisOf('one/base', { loudness: -20 });
    const long = analysisOf('one/best', {
      format: { ...short.format!, frames: 640_000 },
    });
    const made = scene(shape, [short, long]);
    expect(made).toMatchObject({ duration: 20, target: -20 });
    expect(made.lanes.map((lane) => lane.gainDb)).toEqual([0, -4]);
  });

  it('leaves levels alone while the match is off', () => {
    const page = pageOf(shape, { type: 'match', on: false });
    const analyses = new Map([
      ['one/base', analysisOf('one/base', { loudness: -30 })],
      ['one/best', analysisOf('one/best')],
    ]);
    const made = sceneOf(page, analyses, quiet);
    expect(made.target).toBeNull();
    expect(made.lanes.map((lane) => lane.gainDb)).toEqual([0, 0]);
  });

  it('gives the engine only what can sound', () => {
    const broken = analysisOf('one/base', { format: null });
    expect(playerTakes(scene(shape, [broken, analysisOf('one/best')]).lanes)).toMatchObject([
      { clip: 'one/best', uri: '/one/best.wav' },
    ]);
    expect(playerTakes(scene({ ...shape, missing: ['one/best'] }, [analysisOf('one/best')]).lanes)).toEqual(
      [],
    );
  });
});
