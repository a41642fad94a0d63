/**
 * A topic in an address: with its slashes, each level percent-encoded. What a browser would take for a step within the
 * address, or the API for a question about the topic, is written with %2F instead, which is never a separator to the API.
 */
export function topicPath(topic: string): string {
  const levels = topic.split('/');
  return levels.some(isStep) || looksLikeQuestion(levels)
    ? encodeURIComponent(topic)
    : levels.map(encodeURIComponent).join('/');
}

/** The levels as the router takes them for the address of a page, and back. */
export function routeLevels(topic: string): string[] {
  const levels = topic.split('/');
  return levels.some(isStep) ? [topic] : levels;
}

export function topicOfLevels(levels: string | readonly string[]): string {
  return typeof levels === 'string' ? levels : levels.join('/');
}

const isStep = (level: string): boolean => level === '' || level === '.' || level === '..';

/** `latest` or `stream` at the end, or two dates; a date alone does no harm. */
const looksLikeQuestion = (levels: readonly string[]): boolean =>
  /^(latest|stream)$/.test(levels.at(-1) ?? '') || levels.slice(-2).every((level) => /^\d{4}-\d{2}-\d{2}/.test(level));
