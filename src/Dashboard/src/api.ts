import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './api.schema';
import { basePath } from './base';
import { failureOf, toFailure } from './failures/apiFailure';
import { AccessToken } from './identity/accessToken';
import { topicPath } from './topics/topicPath';

export type Schemas = components['schemas'];

/** The only one of this tab. */
export const accessToken = new AccessToken();

let onEnded: () => void = () => undefined;

/** What to do when the API takes no token of ours any more: the session was ended, here or elsewhere. */
export function whenSessionEnds(then: () => void): void {
  onEnded = then;
}

/**
 * fetch with a token. One that is refused although it looks good was revoked, or its key was: it is renewed once, and when
 * even that is refused the session has ended.
 */
export async function authorizedFetch(request: Request): Promise<Response> {
  try {
    const again = request.clone();
    const response = await send(request, await accessToken.get());
    if (response.status !== 401) {
      return response;
    }

    const renewed = await accessToken.renew();
    const second = renewed ? await send(again, renewed) : response;
    if (second.status === 401) {
      accessToken.forget();
      onEnded();
    }

    return second;
  } catch (e) {
    if (request.signal.aborted) {
      throw e;
    }

    throw toFailure(e);
  }
}

/** Opens an address that is no JSON: a stream, or a file. */
export function open(path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  return authorizedFetch(new Request(new URL(basePath + path, location.origin), { headers, signal: signal ?? null }));
}

const failing: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) {
      throw await failureOf(response);
    }
  },
};

/** The API, as its own document describes it. What is no good is thrown, as an ApiFailure. */
export const api = createClient<paths>({
  baseUrl: location.origin + basePath,
  fetch: authorizedFetch,
  pathSerializer: (path, values) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) =>
      name === 'topic' ? topicPath(String(values[name])) : encodeURIComponent(String(values[name])),
    ),
});
api.use(failing);

/** What a good answer has. */
export async function dataOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

function send(request: Request, token: string | null): Promise<Response> {
  if (token) {
    request.headers.set('Authorization', `Bearer ${token}`);
  }

  return fetch(request);
}
