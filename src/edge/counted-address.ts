const IPV6_GROUPS = 8;
/** Groups that name the network: whoever has one chooses among its addresses at will. */
const NETWORK_GROUPS = 4;

/** What a limit per address counts by: an IPv4 address, or the network of an IPv6 address. */
export function countedAddress(ip: string): string {
  // IPv4, also where it is written within IPv6.
  if (!ip.includes(":") || ip.includes(".")) return ip;
  const [before, after] = ip.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const left = before ?? [];
  const right = after ?? [];
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - left.length - right.length)).fill("0");
  return [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS).join(":");
}
