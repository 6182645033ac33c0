/** Longer than any date that is written sensibly. */
const MAX_LENGTH = 40;

const ISO_DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

/**
 * The instant of an ISO date or date-time in epoch milliseconds. Without a zone it is in UTC, as PostgreSQL's dates
 * are here. Undefined for anything else, a 30th of February included.
 */
export function parseDate(value: unknown): number | undefined {
  if (typeof value !== "string" || value.length > MAX_LENGTH) return undefined;
  const match = ISO_DATE.exec(value);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const millisecond = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const [zoneHour, zoneMinute] = [Number(match[10] ?? 0), Number(match[11] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined;
  const date = new Date(0);
  // Years below 100 are taken as they are here, but not by Date.UTC.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second, millisecond);
  const offset = (zoneHour * 60 + zoneMinute) * 60_000;
  return date.getTime() + (match[9] === "+" ? -offset : offset);
}
