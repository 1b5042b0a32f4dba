import * as l10n from '@vscode/l10n';
import type { ClipFormat } from '../audio/clip';

/**
 * The bytes of a clip's samples, and no others. They are asked for as a range, because VS Code keeps a copy of every
 * resource that is fetched whole. What comes is measured, not believed: the service worker of VS Code 1.100 answers
 * a range with the whole file, and that of later versions says that its slice began at byte 0.
 *
 * Throws an Error with a sentence for people, or an AbortError.
 */
export async function fetchSamples(
  uri: string,
  { dataOffset, dataBytes }: Pick<ClipFormat, 'dataOffset' | 'dataBytes'>,
  signal: AbortSignal,
  load: typeof fetch,
): Promise<Uint8Array<ArrayBuffer>> {
  const range = `bytes=${dataOffset}-${dataOffset + dataBytes - 1}`;
  for (const headers of [{ Range: range }, {}]) {
    const answer = await request(uri, { headers, signal, cache: 'no-store' }, load);
    const samples = answer && samplesIn(answer, dataOffset, dataBytes);
    if (samples) return samples;
  }
  throw new Error(
    l10n.t('This clip is shorter than it was a moment ago. Is it being written? Select it again to retry.'),
  );
}

interface Answer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentRange: string | null;
}

/** Null when the server has no such range. */
async function request(uri: string, init: RequestInit, load: typeof fetch): Promise<Answer | null> {
  let response: Response;
  try {
    response = await load(uri, init);
    if (response.status === 416) return null;
    if (response.ok) {
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { bytes, contentRange: response.headers.get('Content-Range') };
    }
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Error(l10n.t('The clip could not be read: the connection broke. Select it again to retry.'), {
      cause: error,
    });
  }
  if (response.status === 404) throw new Error(l10n.t('The clip is gone: its file was moved or deleted.'));
  throw new Error(
    l10n.t('The clip could not be read (answer {0}). Select it again to retry.', response.status),
  );
}

/** The samples within what came, or null when they are not, or not all, in it. */
function samplesIn(
  { bytes, contentRange }: Answer,
  dataOffset: number,
  dataBytes: number,
): Uint8Array<ArrayBuffer> | null {
  if (startsFile(bytes)) {
    return bytes.length >= dataOffset + dataBytes ? bytes.subarray(dataOffset, dataOffset + dataBytes) : null;
  }
  if (bytes.length === dataBytes) return bytes;
  const from = Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? Number.NaN);
  return from === dataOffset && bytes.length > dataBytes ? bytes.subarray(0, dataBytes) : null;
}

/** Does it begin as WAV files do (RIFF, its big-endian sister RIFX, or RF64 of EBU Tech 3306)? */
function startsFile(bytes: Uint8Array<ArrayBuffer>): boolean {
  return ['RIFF', 'RIFX', 'RF64'].includes(String.fromCharCode(...bytes.subarray(0, 4)));
}
