import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import { accessToken, api, dataOf, whenSessionEnds, type Schemas } from '@/api';
import { queries } from '@/queries';
import type { Role } from './users';

export type Me = Schemas['MeView'];

/** What tabs of one browser tell each other; none of it is secret. */
type Message = 'signed-in' | 'signed-out';

/** Who is signed in. A tab that did not sign in itself finds out from the cookie that all of them share. */
export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null);
  const hasEnded = shallowRef(false);
  const tabs = new BroadcastChannel('orleans-iot-session');
  let knowing: Promise<boolean> | null = null;
  let renewal: ReturnType<typeof setTimeout> | undefined;

  /** Whether anybody is signed in; asks the server once, and again where that could not be known. */
  function known(): Promise<boolean> {
    knowing ??= restore().catch((e: unknown) => {
      knowing = null;
      throw e;
    });
    return knowing;
  }

  async function restore(): Promise<boolean> {
    const token = await accessToken.get();
    me.value = token ? await dataOf(api.GET('/auth/me')) : null;
    renewInTime();
    return me.value !== null;
  }

  async function signIn(email: string, password: string): Promise<void> {
    await accessToken.login(email, password);
    hasEnded.value = false;
    knowing = null;
    await known();
    tell('signed-in');
  }

  async function signOut(): Promise<void> {
    await accessToken.logout();
    leave();
    tell('signed-out');
  }

  /** The roles that this tab knows, by which it offers things; the server decides. */
  const may = computed(() => {
    const roles = me.value?.roles ?? [];
    const has = (role: Role) => roles.includes(role);
    return { operate: has('operator') || has('admin'), administer: has('admin'), read: roles.length > 0 };
  });

  function leave(): void {
    clearTimeout(renewal);
    accessToken.forget();
    me.value = null;
    knowing = Promise.resolve(false);
    queries.clear();
  }

  /** Silently, before the token ends, so that nobody waits for it. */
  function renewInTime(): void {
    clearTimeout(renewal);
    if (me.value) {
      renewal = setTimeout(() => {
        void accessToken.renew().then(renewInTime, () => (renewal = setTimeout(renewInTime, 5_000)));
      }, accessToken.dueIn);
    }
  }

  function tell(message: Message): void {
    tabs.postMessage(message);
  }

  tabs.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'signed-out') {
      leave();
      return;
    }

    // It may be somebody else: nothing of whom was here before may stay.
    const before = me.value?.id;
    accessToken.forget();
    knowing = null;
    void known().then(() => {
      if (before && before !== me.value?.id) {
        location.reload();
      }
    });
  };

  whenSessionEnds(() => {
    hasEnded.value = me.value !== null;
    leave();
  });

  return { me, may, hasEnded, known, signIn, signOut };
});
