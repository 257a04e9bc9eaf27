/** A program of tests that prints JSON lines and ends when its input does. */

type Line = Readonly<Record<string, unknown>>;

export class JsonProgram {
  private readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  /** What it prints, until it ends. */
  readonly lines: AsyncGenerator<Line>;

  constructor(command: readonly string[]) {
    this.child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    this.lines = linesOf(this.child.stdout);
  }

  /** The next line; rejects when the program ends before. */
  async next(): Promise<Line> {
    const { done, value } = await this.lines.next();
    if (done === true) throw new Error(`it ended with ${await this.child.exited} and no line`);
    return value;
  }

  async send(line: object | string | null): Promise<void> {
    await this.child.stdin.write(`${JSON.stringify(line)}\n`);
    await this.child.stdin.flush();
  }

  /** Ends its input; the last line that it prints. */
  async finish(): Promise<Line> {
    await this.child.stdin.end();
    let last: Line = {};
    for await (const line of this.lines) last = line;
    await this.child.exited;
    return last;
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}

async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Line;
  }
}
