import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Of SQLite's file format: https://sqlite.org/fileformat.html#the_write_ahead_log */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_SIZE_AT = 8;
const SALT_AT = 16;
const FRAME_SALT_AT = 8;
const SALT_BYTES = 8;

/**
 * How many pages the databases in a folder were written since the last time, from their write-ahead logs: no row can be
 * written, deleted or changed without a page. When a log began anew meanwhile, what stood in it before is not counted.
 */
export class WrittenPages {
  readonly #folder: string;
  #known = new Map<string, WriteAheadLog>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async take(): Promise<number> {
    const logs = await readLogs(this.#folder);
    let pages = 0;
    for (const [file, { salt, frames }] of logs) {
      const known = this.#known.get(file);
      pages += known?.salt === salt ? frames - known.frames : frames;
    }
    this.#known = logs;
    return pages;
  }
}

interface WriteAheadLog {
  /** Another one whenever it begins anew. */
  readonly salt: string;
  /** Each holds a page. */
  readonly frames: number;
}

async function readLogs(folder: string): Promise<Map<string, WriteAheadLog>> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith("-wal"));
  return new Map(
    await Promise.all(files.map(async (name) => [name, parseLog(await readFile(join(folder, name)))] as const)),
  );
}

function parseLog(bytes: Buffer): WriteAheadLog {
  if (bytes.length < HEADER_BYTES) return { salt: "", frames: 0 };
  const salt = bytes.toString("hex", SALT_AT, SALT_AT + SALT_BYTES);
  const frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32BE(PAGE_SIZE_AT);
  let frames = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= bytes.length; at += frameBytes) {
    // What follows is left from before the log began anew.
    if (bytes.toString("hex", at + FRAME_SALT_AT, at + FRAME_SALT_AT + SALT_BYTES) !== salt) break;
    frames++;
  }
  return { salt, frames };
}
