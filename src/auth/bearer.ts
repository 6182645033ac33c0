/** What follows `Bearer` in an `Authorization` header, or undefined when the header is missing or of another scheme. */
export function parseBearer(header: string | null): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(header?.trim() ?? "")?.[1];
}
