import { QueryClient } from '@tanstack/vue-query';
import { ApiFailure } from './failures/apiFailure';

/** What pages have read, while it is looked at and a little longer; of a page that is in the background nothing is asked. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // For as long as it may help: a page that was opened while the server was away comes by itself.
      retry: (count, error) => (error instanceof ApiFailure ? !error.isFinal : count < 3),
      retryDelay: (count, error) =>
        error instanceof ApiFailure && error.retryAfter ? error.retryAfter : Math.min(500 * 2 ** count, 5_000),
    },
  },
});
