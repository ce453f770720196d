// What an integrator writes with the types that openapi-typescript makes; compiled strictly and run by test_generated.
// Arguments: the suite's address, an API key, an annex as a file. Prints what it met, as JSON.
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { paths as Datasets } from "./datasets.js";
import type { paths as Finance } from "./finance.js";
import type { paths as Notify } from "./notify.js";
import type { components, paths as Tasks } from "./tasks.js";

const [baseUrl, key, annex] = process.argv.slice(2) as [string, string, string];
const options = { baseUrl, headers: { Authorization: `Bearer ${key}` } };
const tasks = createClient<Tasks>(options);
const datasets = createClient<Datasets>(options);
const finance = createClient<Finance>(options);
const notify = createClient<Notify>(options);

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("refused where an answer was expected");
  return value;
}

await tasks.POST("/tasks/v1/programmes", { body: { code: "NQ66", title: "Nghị quyết 66" } });
await tasks.POST("/tasks/v1/documents", {
  body: { code: "140/NQ-CP", type: "Nghị quyết", issued_on: "2025-05-01", title: "Chương trình hành động" },
});

const body: components["schemas"]["TaskIn"] = {
  title: "Rà soát văn bản",
  programme: "NQ66",
  deadline_text: "Tháng 6/2025",
  assignments: [{ agency_code: "G12", role: "lead" }],
};
const header = { "Idempotency-Key": "typescript-1" };
const made = await tasks.POST("/tasks/v1/tasks", { body, params: { header } });
const again = await tasks.POST("/tasks/v1/tasks", { body, params: { header } });
const path = { task_id: sure(made.data).id };
const task = await tasks.GET("/tasks/v1/tasks/{task_id}", { params: { path } });
const version = task.response.headers.get("ETag") ?? "";
const change = { params: { path, header: { "If-Match": version } }, body: { title: "Rà soát văn bản, bản sửa" } };
const amended = await tasks.PATCH("/tasks/v1/tasks/{task_id}", change);
const stale = await tasks.PATCH("/tasks/v1/tasks/{task_id}", change);
const refused = await tasks.POST("/tasks/v1/tasks", {
  body: { ...body, assignments: [{ agency_code: "ZZZ", role: "lead" }] },
});
const malformed = await tasks.POST("/tasks/v1/tasks", { body: { ...body, title: "" } });

const content = await readFile(annex, "utf8");
const report = await tasks.POST("/tasks/v1/imports", {
  body: { file: content, programme: "NQ66", document: "140/NQ-CP" },
  bodySerializer: (form) => {
    const parts = new FormData();
    for (const [name, value] of Object.entries(form)) {
      if (name === "file") parts.append(name, new Blob([String(value)], { type: "text/csv" }), "annex.csv");
      else parts.append(name, String(value));
    }
    return parts;
  },
});

const imported = typeof report.data === "object" ? report.data : undefined; // a string where a workbook is asked for

const titles: string[] = [];
for (let cursor: string | undefined; ; ) {
  const page = sure((await tasks.GET("/tasks/v1/tasks", { params: { query: { limit: 30, cursor, programme: "NQ66" } } })).data);
  titles.push(...page.items.map((item) => item.title));
  if (!page.next_cursor) break;
  cursor = page.next_cursor;
}

const events: string[] = [];
for (let after: string | undefined; ; ) {
  const page = sure((await tasks.GET("/tasks/v1/changes", { params: { query: { after, limit: 100 } } })).data);
  events.push(...page.items.map((event) => event.type));
  after = page.next_cursor;
  if (!page.has_more) break;
}

await datasets.POST("/datasets/v1/databases", {
  body: { code: "CSDL-TS", name: "Cơ sở dữ liệu thử", kind: "sector", owner_code: "G12" },
});
const databases = sure((await datasets.GET("/datasets/v1/databases")).data).items.map((item) => item.code);

console.log(
  JSON.stringify({
    location: made.response.headers.get("Location") === `/tasks/v1/tasks/${path.task_id}`,
    replayed: [again.response.headers.get("Idempotency-Replayed"), again.data?.id === path.task_id],
    due: made.data?.deadline?.due_on,
    amended: [amended.data?.title, amended.response.headers.get("ETag") !== version],
    stale: [stale.response.status, stale.error?.code],
    refused: [refused.error?.status, refused.error?.code, refused.error?.type],
    malformed: [malformed.error?.code, malformed.error?.errors?.[0]?.field],
    imported: [imported?.accepted, imported?.refused],
    tasks: [titles.length, titles.includes("Rà soát văn bản, bản sửa")],
    events: [
      events.filter((type) => type === "vn.dondoc.tasks.task.created.v1").length >= (imported?.accepted ?? Infinity),
      events.includes("vn.dondoc.tasks.task.amended.v1"),
    ],
    databases: databases.includes("CSDL-TS"),
    decisions: sure((await finance.GET("/finance/v1/decisions")).data).items.length,
    alerts: Array.isArray(sure((await notify.GET("/notify/v1/alerts")).data).items),
    metrics: (await tasks.GET("/metrics", { parseAs: "text" })).data?.startsWith("# HELP"),
  }),
);
