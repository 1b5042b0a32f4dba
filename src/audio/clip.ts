/** What is known of one clip from its bytes. */

/** How samples lie in a WAV file; enough to fetch exactly them and view them as typed arrays. */
export interface ClipFormat {
  readonly encoding: 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64';
  readonly sampleRate: number;
  readonly channels: number;
  /** Sample frames really in the file (a truncated file has fewer than its header claims). */
  readonly frames: number;
  /** First byte of the samples in the file. */
  readonly dataOffset: number;
  /** Bytes of samples really there: frames × channels × bytes per sample. */
  readonly dataBytes: number;
}

/** Why a clip can't be (wholly) heard. The worker that finds it knows no language: problems.ts makes the sentence. */
export interface ClipProblem {
  readonly code:
    | 'missing'
    | 'unreadable'
    | 'empty'
    | 'not-wav'
    | 'no-samples'
    | 'encoding'
    | 'too-large'
    | 'truncated'
    | 'not-finite'
    | 'changed'
    | 'crashed';
  /** `error`: can't be played at all. `warning`: plays, but not as its header says. */
  readonly severity: 'error' | 'warning';
  /**
   * The figures of the sentence. encoding: format tag, bits, rate in Hz, channels (none: big-endian) · too-large: bytes, limit in bytes ·
   * truncated: seconds there, seconds claimed · not-finite: samples; others: none.
   */
  readonly detail: readonly number[];
}

export interface ClipAnalysis {
  readonly format: ClipFormat | null;
  readonly problem: ClipProblem | null;
  /** sha256 of the whole file, hex; null where it could not be read. */
  readonly sha256: string | null;
  /** min and max of PEAK_COLUMNS equal stretches, interleaved, channels merged: value / 32767 is full scale. */
  readonly peaks: Int16Array | null;
  /** Integrated loudness, ITU-R BS.1770-4, LUFS; null for silence (nothing passes the −70 gate). */
  readonly loudness: number | null;
  /** True peak, dBTP (4 × oversampled); null for digital silence. */
  readonly truePeak: number | null;
}

export const PEAK_COLUMNS = 800;
