/** Topic filters that somebody has typed, one a line. */
export const filtersOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
