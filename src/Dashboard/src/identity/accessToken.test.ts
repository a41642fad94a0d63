import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccessToken } from './accessToken';

const answer = (token: string, seconds = 900) => Response.json({ auth_token: token, expires_in: seconds });

/** As the browser's: whatever holds a lock is done before the next one gets it. */
const request = vi.fn((_: string, work: () => Promise<unknown>) => work());

let fetched: ReturnType<typeof vi.fn<typeof fetch>>;
let token: AccessToken;

beforeEach(() => {
  vi.useFakeTimers();
  fetched = vi.fn<typeof fetch>();
  vi.stubGlobal('fetch', fetched);
  vi.stubGlobal('navigator', { locks: { request } });
  request.mockImplementation((_, work) => work());
  localStorage.setItem('orleans-iot-signed-in', 'yes');
  token = new AccessToken();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the access token', () => {
  it('comes from the cookie when a page is loaded', async () => {
    fetched.mockResolvedValueOnce(answer('one'));
    expect(await token.get()).toBe('one');
    expect(fetched.mock.calls[0]?.[0]).toBe('/auth/refresh');
    expect(fetched.mock.calls[0]?.[1]).toMatchObject({ method: 'POST', credentials: 'same-origin', body: null });
  });

  it('is asked for once, however many want it', async () => {
    fetched.mockResolvedValueOnce(answer('one'));
    expect(await Promise.all([token.get(), token.get(), token.renew()])).toEqual(['one', 'one', 'one']);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('is good until shortly before its end', async () => {
    fetched.mockResolvedValueOnce(answer('one', 900)).mockResolvedValueOnce(answer('two', 900));
    await token.get();
    await vi.advanceTimersByTimeAsync(869_000);
    expect(await token.get()).toBe('one');
    expect(token.dueIn).toBe(1_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await token.get()).toBe('two');
  });

  it('is none when the session has ended, and then nobody asks again', async () => {
    fetched.mockResolvedValueOnce(new Response(null, { status: 401 }));
    expect(await token.get()).toBeNull();
    expect(await new AccessToken().get()).toBeNull();
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('is not asked for where nobody has signed in, and found by other pages where somebody has', async () => {
    localStorage.clear();
    expect(await token.get()).toBeNull();
    expect(fetched).not.toHaveBeenCalled();
    fetched.mockResolvedValueOnce(answer('one')).mockResolvedValueOnce(answer('two'));
    await token.login('a@b', 'x');
    expect(await new AccessToken().get()).toBe('two');
  });

  it('goes with the one who signs out', async () => {
    fetched.mockResolvedValueOnce(answer('one')).mockResolvedValueOnce(new Response(null, { status: 204 }));
    await token.get();
    await token.logout();
    expect(fetched.mock.calls[1]?.[0]).toBe('/auth/logout');
    expect(await token.get()).toBeNull();
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  it('is unknown, and not lost, while the server is away', async () => {
    fetched.mockResolvedValueOnce(answer('one', 60));
    await token.get();
    await vi.advanceTimersByTimeAsync(40_000);
    fetched.mockResolvedValueOnce(new Response(null, { status: 503 }));
    await expect(token.get()).rejects.toMatchObject({ status: 503 });
    fetched.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    await expect(token.get()).rejects.toMatchObject({ code: 'unreachable' });
    fetched.mockResolvedValueOnce(answer('two'));
    expect(await token.get()).toBe('two');
  });

  it('is renewed by one tab at a time', async () => {
    fetched.mockResolvedValueOnce(answer('one'));
    await token.get();
    expect(request).toHaveBeenCalledWith('orleans-iot-refresh', expect.any(Function));
  });

  it('of a sign-in that fails is none, and the reason is said', async () => {
    fetched.mockResolvedValueOnce(
      Response.json({ failure: 'not_signed_in', detail: 'Wrong email or password.' }, { status: 401 }),
    );
    await expect(token.login('a@b', 'x')).rejects.toMatchObject({ message: 'Wrong email or password.', status: 401 });
  });
});
