// Where things are. `cargo xtask test` says where cargo built; by hand it is the usual place.

import { dirname, join, resolve } from "node:path";

const WEB = resolve(import.meta.dirname, "../../..");
const TARGET = resolve(process.env["CARGO_TARGET_DIR"] ?? join(WEB, "../target"));

export const DIST = join(WEB, "dist");
export const LOGD = process.env["LOGD_BIN"] ?? join(TARGET, "debug/logd");
export const MAKE_BUFFER = join(dirname(LOGD), "make_buffer");
/** Traces and pictures of tests that failed. */
export const RESULTS = join(TARGET, "viewer-tests/results");
/** The buffers that the tests open. */
export const BUFFERS = join(TARGET, "viewer-tests/buffers");
export const IMAGES = resolve(WEB, "../docs/images");
