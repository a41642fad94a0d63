import { open } from '@/api';
import { ApiFailure, failureOf } from '@/failures/apiFailure';
import { timeZone } from '@/shell/time';
import { topicPath } from '@/topics/topicPath';
import { toInstant, type Range } from './range';

export const fileFormats = {
  csv: { label: 'CSV, for spreadsheets', accept: 'text/csv', ending: 'csv' },
  ndjson: { label: 'NDJSON, a JSON object a line', accept: 'application/x-ndjson', ending: 'ndjson' },
} as const;

/** A spreadsheet draws the number that the chart shows, and knows times by the viewer's clock; the other form is as it is. */
export function exportQuery(format: FileFormat, field: string | null): string {
  return format === 'csv' ? `?${new URLSearchParams({ tz: timeZone, ...(field === null ? {} : { field }) })}` : '';
}

export type FileFormat = keyof typeof fileFormats;

/**
 * Loads all readings of a range as a file, and gives it to the browser to save when all of it is here: the server breaks
 * off what it cannot finish, so there is never half a file.
 */
export async function saveRange(
  { topic, field }: { topic: string; field: string | null },
  range: Range,
  format: FileFormat,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { accept, ending } = fileFormats[format];
  const path = `/iot/${topicPath(topic)}/${toInstant(range.start)}/${toInstant(range.end)}${exportQuery(format, field)}`;
  const response = await open(path, { Accept: accept }, signal);
  if (!response.ok || !response.body) {
    throw await failureOf(response);
  }

  const file = new Blob(await readAll(response.body, onProgress), { type: accept });
  save(file, nameOf(response.headers.get('Content-Disposition')) ?? `${topic.replaceAll('/', '-')}.${ending}`);
}

async function readAll(body: ReadableStream<Uint8Array<ArrayBuffer>>, onProgress: (bytes: number) => void) {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return parts;
      }

      parts.push(value);
      onProgress((length += value.length));
    }
  } catch (e) {
    throw e instanceof DOMException
      ? e
      : new ApiFailure(0, 'broken_off', 'The download broke off before its end, and nothing was saved. Try again.');
  }
}

export function nameOf(disposition: string | null): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '')?.[1];
  return encoded ? decodeURIComponent(encoded) : (/filename="?([^";]+)"?/i.exec(disposition ?? '')?.[1] ?? null);
}

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
