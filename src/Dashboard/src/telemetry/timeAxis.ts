import { day, hour, minute, second } from './range';

const forms = {
  year: new Intl.DateTimeFormat('en-GB', { year: 'numeric' }),
  month: new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric' }),
  day: new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }),
  minute: new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  second: new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
  fraction: new Intl.DateTimeFormat('en-GB', {
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  }),
};

/** What stands below the marks of a time axis that are so far apart: no more than tells them from each other. */
export function markTexts(times: readonly number[], distance: number): string[] {
  if (distance >= 360 * day) {
    return times.map((time) => forms.year.format(time));
  }

  if (distance >= 28 * day) {
    return times.map((time) => forms.month.format(time));
  }

  if (distance >= day) {
    return times.map((time) => forms.day.format(time));
  }

  const form = distance >= minute ? forms.minute : distance >= second ? forms.second : forms.fraction;
  return times.map((time, place) => {
    const isMidnight = new Date(time).getHours() === 0 && new Date(time).getMinutes() === 0 && time % minute === 0;
    return isMidnight || (place === 0 && distance >= hour)
      ? `${form.format(time)}\n${forms.day.format(time)}`
      : form.format(time);
  });
}
