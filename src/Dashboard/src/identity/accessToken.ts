import { basePath } from '@/base';
import { ApiFailure, failureOf, toFailure } from '@/failures/apiFailure';

/** Renewed this long before it ends, so that no request meets its last moment. */
const margin = 30_000;

/** Over all tabs: a refresh token is good once, and two tabs that use it at a time look like a thief and his victim. */
const lock = 'orleans-iot-refresh';

/**
 * Whether this browser has a session: no secret, and no proof. A page that is loaded by a stranger does not have to ask the
 * server, for which a refresh without a cookie is a failed sign-in, of which it takes a few only.
 */
const mark = 'orleans-iot-signed-in';

export interface SignedIn {
  readonly auth_token: string;
  readonly expires_in: number;
}

/**
 * The access token, in memory and nowhere else. What renews it is a cookie that scripts cannot read. A page that is loaded
 * anew has none, and begins by renewing.
 */
export class AccessToken {
  #token: string | null = null;
  #expiresAt = 0;
  #renewal: Promise<string | null> | null = null;

  /** A token that is good now; null when nobody is signed in. It rejects when that cannot be known. */
  get(): Promise<string | null> {
    return this.#token && Date.now() < this.#expiresAt - margin ? Promise.resolve(this.#token) : this.renew();
  }

  /** How long until it has to be renewed, in milliseconds. */
  get dueIn(): number {
    return Math.max(this.#expiresAt - margin - Date.now(), 0);
  }

  /** Gets another one, whoever has asked for one already. */
  renew(): Promise<string | null> {
    this.#renewal ??= exclusively(() => this.#refresh()).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Signs in; every tab has the cookie of it. */
  login(email: string, password: string): Promise<void> {
    return exclusively(async () => {
      const response = await post('/auth/login', { email, password, cookie: true });
      if (!response.ok) {
        throw await failureOf(response);
      }

      this.#take((await response.json()) as SignedIn);
    });
  }

  /** Ends the session, here and, with its cookie, in every tab. */
  async logout(): Promise<void> {
    const token = await this.get().catch(() => null);
    this.forget();
    localStorage.removeItem(mark);
    if (token) {
      await exclusively(() => post('/auth/logout', undefined, { Authorization: `Bearer ${token}` }));
    }
  }

  forget(): void {
    this.#token = null;
    this.#expiresAt = 0;
  }

  async #refresh(): Promise<string | null> {
    if (!localStorage.getItem(mark)) {
      return null;
    }

    const response = await post('/auth/refresh');
    if (response.ok) {
      this.#take((await response.json()) as SignedIn);
      return this.#token;
    }

    const failure = await failureOf(response);
    if (failure.status !== 401) {
      throw failure; // the server is not well, which ends no session
    }

    this.forget();
    localStorage.removeItem(mark);
    return null;
  }

  #take(answer: SignedIn): void {
    this.#token = answer.auth_token;
    this.#expiresAt = Date.now() + answer.expires_in * 1_000;
    localStorage.setItem(mark, 'yes');
  }
}

/** keepalive: a page that is left meanwhile still gets its new cookie. */
async function post(path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
  try {
    return await fetch(basePath + path, {
      method: 'POST',
      credentials: 'same-origin',
      keepalive: true,
      headers: body ? { ...headers, 'Content-Type': 'application/json' } : headers,
      body: body ? JSON.stringify(body) : null,
    });
  } catch (e) {
    throw e instanceof ApiFailure ? e : toFailure(e);
  }
}

/** navigator.locks is there wherever the cookie is: over HTTPS, and on this machine. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? (navigator.locks.request(lock, work) as Promise<T>) : work();
}
