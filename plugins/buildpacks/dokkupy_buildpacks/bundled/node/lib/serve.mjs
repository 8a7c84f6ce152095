// Serves the folder of a built site: node serve.mjs FOLDER, on $PORT.
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";

const root = await realpath(resolve(process.argv[2] ?? "dist"));
const types = {
  ".avif": "image/avif", ".css": "text/css", ".gif": "image/gif", ".html": "text/html",
  ".ico": "image/x-icon", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".js": "text/javascript",
  ".json": "application/json", ".map": "application/json", ".mjs": "text/javascript",
  ".mp4": "video/mp4", ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml",
  ".txt": "text/plain", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
  ".webp": "image/webp", ".woff": "font/woff", ".woff2": "font/woff2", ".xml": "application/xml",
};
// Names with a digest never change what they hold.
const immutable = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

async function find(path) {
  for (const name of [path, join(path, "index.html"), `${path}.html`]) {
    try {
      const real = await realpath(join(root, name));
      const inside = real === root || real.startsWith(root + sep);
      const info = await stat(real);
      if (inside && info.isFile()) return { file: real, info };
    } catch {
      continue;
    }
  }
  return undefined;
}

async function answer(request, response) {
  let path;
  try {
    path = decodeURIComponent(new URL(request.url, "http://site").pathname);
  } catch {
    path = "\0";
  }
  if (path.includes("\0")) return response.writeHead(400).end();
  if (!["GET", "HEAD"].includes(request.method)) return response.writeHead(405).end();
  let status = 200;
  let found = await find(path);
  if (!found) {
    // An address without an extension is a page of the app itself; anything else is missing.
    found = extname(path) ? await find("/404.html") : await find("/index.html");
    status = extname(path) || !found ? 404 : 200;
  }
  if (!found) return response.writeHead(404).end("Not found\n");
  const type = types[extname(found.file)] ?? "application/octet-stream";
  const text = /^text|json$|javascript$|xml$/.test(type);
  response.writeHead(status, {
    "Content-Type": text ? `${type}; charset=utf-8` : type,
    "Content-Length": found.info.size,
    "Cache-Control": immutable.test(found.file) ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (request.method === "HEAD") return response.end();
  createReadStream(found.file).on("error", () => response.destroy()).pipe(response);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(process.env.PORT ?? 5000, "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
