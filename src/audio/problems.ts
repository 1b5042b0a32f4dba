/** What a person reads about a clip that can't be (wholly) heard. */
import * as l10n from '@vscode/l10n';
import type { ClipAnalysis, ClipProblem } from './clip';

/** An analysis whose problem, if any, can be read by a person. */
export interface ToldAnalysis extends ClipAnalysis {
  readonly problem: (ClipProblem & { readonly message: string }) | null;
}

export function tell(analysis: ClipAnalysis): ToldAnalysis {
  const { problem } = analysis;
  return { ...analysis, problem: problem && { ...problem, message: describeProblem(problem) } };
}

/** One plain, translated sentence or two that name the next step where there is one. */
export function describeProblem({ code, detail }: ClipProblem): string {
  switch (code) {
    case 'missing':
      return l10n.t('The file is gone. Run the evaluation again to make it anew.');
    case 'unreadable':
      return l10n.t('The file can’t be read. Check its permissions and the disk.');
    case 'empty':
      return l10n.t('The file is empty (0 bytes). Run the evaluation again to make it anew.');
    case 'not-wav':
      return l10n.t('This is not a WAV file, whatever its name says. Open it to see what it is.');
    case 'no-samples':
      return l10n.t(
        'The WAV header is there but no sample follows. Run the evaluation again to make it anew.',
      );
    case 'encoding':
      if (detail.length === 0) {
        return l10n.t(
          'Its samples are big-endian (RIFX), which can’t be played here. Convert it to 16-bit PCM.',
        );
      }
      return l10n.t(
        'Its samples are in a form that can’t be played here ({0}, {1}-bit, {2} Hz, channels: {3}). Convert it to 16-bit PCM.',
        codecName(detail[0] ?? 0),
        detail[1] ?? 0,
        detail[2] ?? 0,
        detail[3] ?? 0,
      );
    case 'too-large':
      return l10n.t(
        'The file is too large to be analysed ({0} MB; the limit is {1} MB). Cut it into shorter clips.',
        megabytes(detail[0]),
        megabytes(detail[1]),
      );
    case 'truncated':
      return l10n.t(
        'The file is cut short: its header promises {1} s, {0} s are there. What is there can be played.',
        (detail[0] ?? 0).toFixed(1),
        (detail[1] ?? 0).toFixed(1),
      );
    case 'not-finite':
      return l10n.t(
        'Samples that are not numbers (NaN or infinite): {0}. They are played as silence; the model’s output was broken there.',
        detail[0] ?? 0,
      );
    case 'changed':
      return l10n.t('The file changed while it was being read. Refresh to read it again.');
    case 'crashed':
      return l10n.t(
        'Analysing this file failed, so it has no waveform and no loudness. Refresh to try again.',
      );
  }
}

const megabytes = (bytes = 0) => Math.round(bytes / 1024 / 1024);

/** Names of the format tags one meets; RFC 2361 lists them all. */
function codecName(tag: number): string {
  const names: Readonly<Record<number, string>> = {
    1: 'PCM',
    2: 'MS ADPCM',
    3: 'float',
    6: 'A-law',
    7: 'µ-law',
    17: 'IMA ADPCM',
    85: 'MP3',
  };
  return names[tag] ?? `0x${tag.toString(16)}`;
}
