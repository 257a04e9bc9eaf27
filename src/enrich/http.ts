/** Describes HTTP packets. */
import { dissectHttp } from "../dissect/http.ts";
import type { Describe } from "./description.ts";
import { writeDetail } from "./details.ts";

/** HTTP/1.x: the packet with which a message begins has its details. */
export const describeHttp: Describe = ({ bytes, start, end, given }, writer) => {
  const head = dissectHttp(bytes, start, end);
  if (head?.kind === "request") {
    writeDetail(writer, given, "method", head.method);
    writeDetail(writer, given, "host", head.host);
    writeDetail(writer, given, "path", head.path);
    writeDetail(writer, given, "user_agent", head.userAgent);
  } else if (head !== undefined) {
    writeDetail(writer, given, "status", String(head.status));
    writeDetail(writer, given, "content_type", head.contentType);
  }
  return "HTTP";
};
