import { nextTick } from 'vue';
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router';
import { basePath } from './base';
import { useSession } from './identity/session';
import { returnTarget } from './identity/returnTarget';

declare module 'vue-router' {
  interface RouteMeta {
    title: string;
    /** For everybody, signed in or not. */
    open?: boolean;
    /** Without the frame around it. */
    bare?: boolean;
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./fleet/HomePage.vue'), meta: { title: 'Home' } },
  {
    path: '/devices',
    name: 'devices',
    component: () => import('./devices/DevicesPage.vue'),
    meta: { title: 'Devices' },
  },
  {
    path: '/devices/:id',
    name: 'device',
    component: () => import('./devices/DevicePage.vue'),
    props: true,
    meta: { title: 'Device' },
  },
  { path: '/topics', name: 'topics', component: () => import('./topics/TopicsPage.vue'), meta: { title: 'Topics' } },
  {
    path: '/topics/:levels+',
    name: 'topic',
    component: () => import('./topics/TopicPage.vue'),
    meta: { title: 'Topic' },
  },
  { path: '/status', name: 'status', component: () => import('./status/StatusPage.vue'), meta: { title: 'Service' } },
  { path: '/users', name: 'users', component: () => import('./identity/UsersPage.vue'), meta: { title: 'Users' } },
  {
    path: '/account',
    name: 'account',
    component: () => import('./identity/AccountPage.vue'),
    meta: { title: 'Account' },
  },
  {
    path: '/login',
    name: 'login',
    component: () => import('./identity/LoginPage.vue'),
    meta: { title: 'Sign in', open: true, bare: true },
  },
  {
    path: '/register',
    name: 'register',
    component: () => import('./identity/RegisterPage.vue'),
    meta: { title: 'Create an account', open: true, bare: true },
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: () => import('./shell/NotFoundPage.vue'),
    meta: { title: 'Not found', open: true },
  },
];

export const router = createRouter({
  history: createWebHistory(`${basePath}/app/`),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

/** The restricted area sends whoever is not signed in to Login, and from there back to where they wanted to go. */
router.beforeEach(async (to) => {
  const session = useSession();
  const signedIn = await session.known();
  if (!signedIn && !to.meta.open) {
    return { name: 'login', query: to.path === '/' ? {} : { return: to.fullPath } };
  }

  return signedIn && to.meta.bare ? returnTarget(to.query['return']) : true;
});

router.afterEach((to, from, failure) => {
  if (!failure) {
    document.title = titleOf(to);
    if (from.name && to.path !== from.path) {
      void nextTick(focusHeading);
    }
  }
});

function titleOf(to: RouteLocationNormalized): string {
  const thing = to.params['id'] ?? to.params['levels'];
  const title = thing ? (Array.isArray(thing) ? thing.join('/') : thing) : to.meta.title;
  return `${title} · OrleansIoT`;
}

/** Who listens to a page hears that it is another one. */
function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
}
