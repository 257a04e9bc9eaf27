/** What the demo shows: a table that is redrawn on a terminal, plain lines elsewhere. */
import type { WriteStream } from "node:tty";

export interface HunterRow {
  readonly hunter: string;
  readonly remote: string;
  readonly packets: number;
  readonly bytes: number;
  readonly packets_per_s: number;
}

type Line = Readonly<Record<string, unknown>>;

export class DemoView {
  private readonly out: WriteStream;
  private readonly live: boolean;
  private readonly hunters = new Map<string, HunterRow>();
  private last: Line = {};
  private drawn = 0;
  private endsAt = 0;
  private summary: Line = {};

  constructor(out: WriteStream) {
    this.out = out;
    this.live = out.isTTY === true && process.env["TERM"] !== "dumb";
  }

  command(text: string): void {
    this.print(`$ ${text}`);
  }

  begin(seconds: number): void {
    this.endsAt = Date.now() + seconds * 1000;
    this.print(`\nThree hunters replay real captures for ${seconds} s.\n`);
  }

  hunter(row: HunterRow): void {
    this.hunters.set(row.hunter, row);
    if (this.live) this.draw();
    else {
      const rate = String(row.packets_per_s).padStart(6);
      this.print(`  ${row.hunter.padEnd(16)} ${rate} packets/s  ${row.packets} packets`);
    }
  }

  stats(line: Line): void {
    this.last = line;
    if (this.live) this.draw();
    else {
      this.print(
        `${line["received"]} packets received, ${line["written"]} written; ${line["protocols"] ?? ""}`,
      );
    }
  }

  trouble(line: Line): void {
    this.drawn = 0;
    this.print(`${line["level"]}: ${line["message"]}`);
  }

  stopped(line: Line): void {
    this.summary = line;
  }

  finish(path: string): void {
    const { summary } = this;
    this.print("");
    this.print(`received      ${summary["received"]} packets`);
    this.print(`acknowledged  ${summary["acknowledged"]}`);
    this.print(`written       ${summary["written"]}`);
    this.print(`protocols     ${this.last["protocols"] ?? ""}`);
    this.print(
      `\nThe capture, with the name of every hunter and interface in it:\n\n    ${path}\n`,
    );
    this.print(`Open it with   wireshark ${path}`);
  }

  private draw(): void {
    const lines = [
      `${"HUNTER".padEnd(18)}${"PACKETS/S".padStart(10)}${"PACKETS".padStart(12)}${"MB".padStart(9)}`,
    ];
    for (const row of this.hunters.values()) {
      const rate = String(row.packets_per_s).padStart(10);
      const megabytes = (row.bytes / 1e6).toFixed(1).padStart(9);
      const packets = String(row.packets).padStart(12);
      lines.push(`${row.hunter.padEnd(18)}${rate}${packets}${megabytes}`);
    }
    const left = Math.max(0, Math.ceil((this.endsAt - Date.now()) / 1000));
    const { last } = this;
    lines.push("", `protocols  ${last["protocols"] ?? ""}`);
    lines.push(`written    ${last["written"] ?? 0} of ${last["received"] ?? 0}, ${left} s left`);
    const up = this.drawn > 0 ? `\x1b[${this.drawn}A` : "";
    const columns = this.out.columns ?? 80;
    const text = lines.map((line) => `\x1b[2K${line.slice(0, columns - 1)}\n`).join("");
    this.out.write(up + text);
    this.drawn = lines.length;
  }

  private print(text: string): void {
    this.out.write(`${text}\n`);
  }
}
