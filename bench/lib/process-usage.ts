import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/**
 * CPU time that processes and their descendants have used, user and system, in microseconds. It grows in steps of a tick
 * (10 ms); an idle process loses none of a tick that it has begun, so the sum over many short spans is exact to a tick.
 */
export function cpuMicros(pids: readonly number[]): number {
  let ticks = 0;
  for (const member of processTree(pids)) {
    const [utime = 0, stime = 0] = statOf(member)?.slice(11, 13).map(Number) ?? [];
    ticks += utime + stime;
  }
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** Resident memory of processes and their descendants, in bytes. */
export function residentBytes(pids: readonly number[]): number {
  let kib = 0;
  for (const member of processTree(pids)) {
    const [, found = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${member}/status`, "utf8")) ?? [];
    kib += Number(found);
  }
  return kib * 1024;
}

/** Files and sockets that one process may hold here. Node raises its own limit to this at its start, and hands it down. */
export function maxOpenFiles(): number {
  const [, , hard = "unlimited"] =
    /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}

function processTree(roots: readonly number[]): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const ppid = /^\d+$/.test(name) ? statOf(Number(name))?.[1] : undefined;
    if (ppid !== undefined) parents.set(Number(name), Number(ppid));
  }
  const isMember = (pid: number): boolean => {
    if (roots.includes(pid)) return true;
    const parent = parents.get(pid);
    return parent !== undefined && isMember(parent);
  };
  return [...parents.keys()].filter(isMember);
}

/** The fields of `/proc/<pid>/stat` after the name (which may hold anything), from `state` on. */
function statOf(pid: number): string[] | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It ended while we were looking.
    return undefined;
  }
  return line.slice(line.lastIndexOf(")") + 2).split(" ");
}
