import { api, dataOf, type Schemas } from '@/api';

export type Topic = Schemas['TopicView'];
export type TopicPage = Schemas['TopicList'];

/** Topics by name, from a prefix on. */
export function fetchTopics(
  prefix: string,
  limit: number,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<TopicPage> {
  const query = { prefix: prefix || undefined, limit, cursor: cursor ?? undefined };
  return dataOf(api.GET('/iot', { params: { query }, signal: signal ?? null }));
}

/** What is known of one topic; null where nobody has published to it. */
export async function fetchTopic(topic: string, signal?: AbortSignal): Promise<Topic | null> {
  const page = await fetchTopics(topic, 1, null, signal);
  return page.topics.find((one) => one.topic === topic) ?? null;
}

/** How many topics of one device its page shows; all of them are on the page Topics. */
export const mostOfDevice = 24;

export const topicsOfDevice = (device: string): string => `devices/${device}/`;
