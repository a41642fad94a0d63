import { useStorage } from '@vueuse/core';
import { watchEffect } from 'vue';

export type Theme = 'system' | 'light' | 'dark';

/** As the viewer chose; `system` follows prefers-color-scheme, which the style sheet does by itself. */
export const theme = useStorage<Theme>('orleans-iot-theme', 'system');

watchEffect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});
