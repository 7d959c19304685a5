// Bundles the front end into ../diwan/web/static/dist: hashed names, .gz and .br beside each text file, manifest.json, icons.json.gz.
// Run by ../hatch_build.py; needs only Node and the packages of package-lock.json.
import * as esbuild from "esbuild";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

const here = import.meta.dirname;
const out = process.env.DIWAN_DIST ?? path.join(here, "../diwan/web/static/dist");
const HASH = /-[A-Z0-9]{8}(?=\.\w+$)/;

const options = {
  absWorkingDir: here,
  outdir: out,
  entryPoints: { app: "src/js/app.js", style: "src/css/app.css", manage: "src/css/manage.css", shapes: "src/css/shapes.css", door: "src/css/door.css" },
  entryNames: "[name]-[hash]",
  chunkNames: "chunk/[name]-[hash]",
  assetNames: "asset/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  metafile: true,
  legalComments: "linked",
  target: ["chrome123", "edge123", "firefox125", "safari17.5"],
  loader: { ".woff2": "file", ".svg": "file" },
  logLevel: "warning",
};

/** Logical name ("app.js", "inter-latin-wght-normal.woff2") to built name. */
function manifestOf(metafile) {
  const manifest = {};
  for (const [file, output] of Object.entries(metafile.outputs)) {
    const built = path.relative(out, path.resolve(here, file)).replaceAll("\\", "/");
    const isEntry = Boolean(output.entryPoint) && /\.(js|css)$/.test(built);
    if (isEntry || /\.(woff2|svg)$/.test(built)) manifest[path.basename(built).replace(HASH, "")] = built;
  }
  return manifest;
}

/** Every outline icon as path data, so that a plugin may name any icon and the server draws it in the page. */
function packIcons() {
  const source = path.join(here, "node_modules/@tabler/icons/tabler-nodes-outline.json");
  const icons = {};
  for (const [name, elements] of Object.entries(JSON.parse(fs.readFileSync(source, "utf8")))) {
    icons[name] = elements
      .map(([tag, attributes]) => `<${tag} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(" ")}/>`)
      .join("");
  }
  fs.writeFileSync(path.join(out, "icons.json.gz"), zlib.gzipSync(JSON.stringify(icons), { level: 9 }));
}

/** Pictures that pages name themselves (the favicon); those that stylesheets name go through esbuild. */
function copyPictures(manifest) {
  for (const name of ["mark.svg"]) {
    const bytes = fs.readFileSync(path.join(here, "src/img", name));
    const hash = crypto.createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
    manifest[name] = `asset/${name.replace(".", `-${hash}.`)}`;
    fs.mkdirSync(path.join(out, "asset"), { recursive: true });
    fs.writeFileSync(path.join(out, manifest[name]), bytes);
  }
}

function compress(files) {
  for (const file of files) {
    if (!/\.(js|css|svg)$/.test(file)) continue;
    const full = path.join(out, file);
    const bytes = fs.readFileSync(full);
    fs.writeFileSync(`${full}.gz`, zlib.gzipSync(bytes, { level: 9 }));
    fs.writeFileSync(`${full}.br`, zlib.brotliCompressSync(bytes));
  }
}

/** Removes what neither this build nor the one before it made: a server that is running still sends out the one before. */
function sweep(files) {
  const list = path.join(out, ".files");
  const before = fs.existsSync(list) ? fs.readFileSync(list, "utf8").split("\n") : [];
  const keep = new Set([...files, ...before]);
  for (const entry of fs.readdirSync(out, { recursive: true, withFileTypes: true })) {
    const name = path.relative(out, path.join(entry.parentPath, entry.name)).replaceAll("\\", "/");
    if (entry.isFile() && !name.startsWith(".") && !keep.has(name.replace(/\.(gz|br)$/, "")) && !keep.has(name)) {
      fs.rmSync(path.join(out, name));
    }
  }
  fs.writeFileSync(list, files.join("\n"));
}

async function build() {
  fs.mkdirSync(out, { recursive: true });
  const result = await esbuild.build(options);
  const manifest = manifestOf(result.metafile);
  copyPictures(manifest);
  fs.writeFileSync(path.join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
  packIcons();
  const built = Object.keys(result.metafile.outputs).map((file) => path.relative(out, path.resolve(here, file)).replaceAll("\\", "/"));
  const files = [...built, ...Object.values(manifest), "manifest.json", "icons.json.gz"];
  compress(files);
  sweep(files);
  console.log(`front end built: ${Object.keys(result.metafile.outputs).length} files`);
}

await build();
if (process.argv.includes("--watch")) {
  let timer;
  fs.watch(path.join(here, "src"), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => build().catch((error) => console.error(error.message)), 120);
  });
}
