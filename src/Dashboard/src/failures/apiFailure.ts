/** A refusal of the API (a problem, RFC 9457), or that it could not be reached. */
export class ApiFailure extends Error {
  readonly status: number;
  /** The API's code for programs; `unreachable` where there was no answer. */
  readonly code: string;
  /** In milliseconds, where the API said how long to wait. */
  readonly retryAfter: number | null;

  constructor(status: number, code: string, detail: string, retryAfter: number | null = null) {
    super(detail);
    this.name = 'ApiFailure';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether asking again could not help. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

/** What an answer that is no good says. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  const problem = await problemOf(response);
  return new ApiFailure(
    response.status,
    typeof problem['failure'] === 'string' ? problem['failure'] : 'failed',
    typeof problem['detail'] === 'string'
      ? problem['detail']
      : `The server answered ${response.status} ${response.statusText}.`,
    Number.isFinite(seconds) ? seconds * 1_000 : null,
  );
}

/** What is not a refusal by the API: no network, no server, or an answer that broke off. */
export function unreachable(): ApiFailure {
  return new ApiFailure(0, 'unreachable', 'The server cannot be reached.');
}

/** Any error as one that can be shown; what is a bug of ours is shown as it is. */
export function toFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure
    ? error
    : error instanceof TypeError && /fetch|network|load failed/i.test(error.message)
      ? unreachable()
      : new ApiFailure(0, 'failed', error instanceof Error ? error.message : String(error));
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
