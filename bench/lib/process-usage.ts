import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU time that processes and their descendants have used, user and system, in microseconds, as the scheduler counts it
 * for every thread that lives: `/proc/<pid>/stat` has the same in steps of 10 ms. What a thread used is gone with it, so
 * this is for servers whose threads live as long as they do.
 */
export function cpuMicros(pids: readonly number[]): number {
  let nanos = 0;
  for (const member of processTree(pids)) {
    for (const thread of threadsOf(member)) nanos += runtimeOf(member, thread);
  }
  return nanos / 1_000;
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

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It ended while we were looking.
    return [];
  }
}

function runtimeOf(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    // It ended while we were looking.
    return 0;
  }
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
