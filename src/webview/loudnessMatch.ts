/** What the host measured of a take; null where it is silent or was not measured. */
export interface Loudness {
  readonly clip: string;
  /** Integrated loudness, LUFS. */
  readonly loudness: number | null;
  /** True peak, dBTP. */
  readonly truePeak: number | null;
}

export interface LoudnessMatch {
  /** The loudness all takes are brought to, LUFS; null when none of them can be heard. */
  readonly target: number | null;
  /** Clip → dB, ≤ 0. */
  readonly gains: ReadonlyMap<string, number>;
}

const MOST_DB = 20;
const PEAK_DBTP = -1;

/**
 * Brings the takes of a prompt to the loudness of the quietest of them, so that none is preferred for being louder.
 *
 * Loudness is integrated loudness as of ITU-R BS.1770-4. Takes are only ever turned down: by 20 dB at most for the
 * match, and as far as it takes for none to peak above −1 dBTP (the maximum of EBU R 128). Where a peak asks for more
 * than the match, the target goes down for all, so that they stay equal. A take that is more than 20 dB louder than
 * the target stays louder. Silent takes have no loudness: they stay as they are and do not count as the quietest.
 */
export function matchLoudness(takes: readonly Loudness[]): LoudnessMatch {
  const gains = new Map(takes.map((take) => [take.clip, 0]));
  const audible = takes.flatMap(({ clip, loudness, truePeak }) =>
    loudness !== null && Number.isFinite(loudness) ? [{ clip, loudness, peak: truePeak ?? -Infinity }] : [],
  );
  if (!audible.length) return { target: null, gains };

  const quietest = Math.min(...audible.map((take) => take.loudness));
  const highest = Math.max(...audible.map((take) => take.peak - (take.loudness - quietest)));
  const target = quietest - Math.max(0, highest - PEAK_DBTP);
  for (const { clip, loudness, peak } of audible) {
    gains.set(clip, Math.min(0, Math.max(-MOST_DB, target - loudness), PEAK_DBTP - peak));
  }
  return { target, gains };
}
