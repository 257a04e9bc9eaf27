/** Reads what bun's junit reporter wrote, and the list of skips that are allowed in CI. */

export interface Report {
  /** Full names, `file › describe › test`. */
  readonly passed: string[];
  readonly failed: string[];
  readonly skipped: string[];
  /** Files of which at least one test is in the report. */
  readonly files: Set<string>;
}

/** `xml` as bun 1.4 writes it: suites nest, the outermost is the file, and a case may be a pair of
 * tags around <failure> or <skipped>. A file that could not be loaded is missing from it. */
export function readReport(xml: string): Report {
  const report: Report = { passed: [], failed: [], skipped: [], files: new Set() };
  const suites: string[] = [];
  let open: { name: string; outcome: "passed" | "failed" | "skipped" } | undefined;
  for (const [, closing, tag, attributes = "", single] of xml.matchAll(tagPattern)) {
    if (tag === "testsuite") {
      if (closing) suites.pop();
      else suites.push(nameOf(attributes));
    } else if (tag === "testcase") {
      if (!closing) {
        open = { name: [...suites, nameOf(attributes)].join(" › "), outcome: "passed" };
        report.files.add(suites[0] ?? "");
      }
      if ((closing || single) && open !== undefined) {
        report[open.outcome].push(open.name);
        open = undefined;
      }
    } else if (open !== undefined && !closing) {
      open.outcome = tag === "skipped" ? "skipped" : "failed";
    }
  }
  return report;
}

// Attribute values never hold a bare < or " but may hold >.
const tagPattern = /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:[^"/>]|"[^"]*")*)(\/?)>/g;

function nameOf(attributes: string): string {
  const text = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? "";
  return text.replaceAll(/&(lt|gt|quot|apos|amp|#(\d+));/g, (whole, name: string, code?: string) =>
    code === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** test/skips.txt: one `full name # reason` a line; blank lines and lines that begin with # do not count. */
export function readAllowedSkips(text: string): Map<string, string> {
  const allowed = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [name = "", reason = ""] = line.split(" # ", 2);
    if (reason.trim() === "") throw new Error(`test/skips.txt: no reason given for: ${line}`);
    allowed.set(name.trim(), reason.trim());
  }
  return allowed;
}
