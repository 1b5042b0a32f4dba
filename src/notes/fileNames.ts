/** Names of people, machines and runs → names of files that every operating system takes. */
import { createHash } from 'node:crypto';

/** Bytes of UTF-8. Two of them, a separator and an extension stay below the 143 that encrypted home folders allow. */
const LONGEST = 60;

/** Device names of Windows, which are taken whatever extension follows (learn.microsoft.com, "Naming Files"). */
const RESERVED = /^(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)/i;

/** `name` as one part of a path: letters of every script stay, what some system forbids becomes `-`. */
export function fileName(name: string, fallback: string): string {
  const clean = name
    .normalize('NFC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[\p{Cc}\p{Cs}\s<>:"/\\|?*\uFFFD]+/gu, '-')
    .replace(/^[-. ]+|[-. ]+$/g, '');
  if (clean === '') return fallback;
  const safe = RESERVED.test(clean) ? `_${clean}` : clean;
  return Buffer.byteLength(safe) <= LONGEST ? safe : shortened(safe);
}

/** Whether a case-insensitive disk takes both for one name. */
export function sameFileName(a: string, b: string): boolean {
  return key(a) === key(b);
}

/** Its head and a piece of its hash, so that two long names with one head stay two. */
function shortened(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let head = '';
  for (const char of name) {
    if (Buffer.byteLength(head + char) > LONGEST - 9) break;
    head += char;
  }
  return `${head.replace(/[-. ]+$/, '')}-${hash}`;
}

function key(name: string): string {
  return name.normalize('NFC').toLocaleLowerCase('en');
}
