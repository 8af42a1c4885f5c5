/**
 * Files over HTTP: uploads with their progress, and downloads.
 *
 * @module
 */

/** @typedef {import("./http-api.js").Access} Access */

/**
 * @typedef {object} UploadOptions
 * @property {string} [name]          by default that of the blob, if it is a file
 * @property {(sent: number, all: number) => void} [onProgress]  in bytes; without XMLHttpRequest only at the end
 * @property {AbortSignal} [signal]
 */

/** Characters of a name at its beginning and its end that are sent; the server shortens it further. */
const NAME_START = 300;
const NAME_END = 50;
/** Time without progress after which an upload counts as cut off. */
const STALL_MS = 60_000;

/**
 * Uploads a blob. Rejects with the signal's reason if that aborts, with an `Error` if there is no response.
 *
 * @param {Access} access
 * @param {Blob} blob
 * @param {UploadOptions} options
 * @returns {Promise<Response>}
 */
export async function upload(access, blob, { name, onProgress = () => {}, signal }) {
  signal?.throwIfAborted();
  access.url.searchParams.set("name", shortName(name ?? /** @type {File} */ (blob).name ?? ""));
  const headers = { ...access.headers, "content-type": "application/octet-stream" };
  const send = access.fetch || !globalThis.XMLHttpRequest ? sendByFetch : sendByXhr;
  return send({ ...access, headers }, blob, { onProgress, signal });
}

/** Downloads a file, see `upload`. @param {Access} access @param {AbortSignal} [signal] @returns {Promise<Response>} */
export async function download({ url, headers, fetch = globalThis.fetch }, signal) {
  try {
    return await fetch(url, { headers, signal });
  } catch {
    signal?.throwIfAborted();
    throw new Error("offline");
  }
}

/** Returns a name without directories that fits into a URL. @param {string} name */
function shortName(name) {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  return last.length > NAME_START + NAME_END ? last.slice(0, NAME_START) + last.slice(-NAME_END) : last;
}

/** @typedef {{ onProgress: (sent: number, all: number) => void, signal?: AbortSignal }} Watch */

/** @param {Access} access @param {Blob} blob @param {Watch} watch */
async function sendByFetch({ url, headers, fetch = globalThis.fetch }, blob, { onProgress, signal }) {
  try {
    const response = await fetch(url, { method: "POST", headers, body: blob, signal });
    onProgress(blob.size, blob.size);
    return response;
  } catch {
    signal?.throwIfAborted();
    throw new Error("offline");
  }
}

/** Sends with the one function of browsers that tells how far an upload is. @param {Access} access @param {Blob} blob @param {Watch} watch @returns {Promise<Response>} */
function sendByXhr({ url, headers }, blob, { onProgress, signal }) {
  const request = new XMLHttpRequest();
  const abort = () => request.abort();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, STALL_MS);
  };
  /** @type {Promise<Response>} */
  const answer = new Promise((resolve, reject) => {
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      watch();
      onProgress(loaded, blob.size);
    };
    request.onload = () => {
      const wait = request.getResponseHeader("retry-after");
      resolve(new Response(request.responseText, { status: request.status, headers: wait ? { "retry-after": wait } : {} }));
    };
    request.onerror = () => reject(new Error("offline"));
    request.onabort = () => reject(signal?.aborted ? signal.reason : new Error("offline"));
  });
  signal?.addEventListener("abort", abort);
  watch();
  request.send(blob);
  return answer.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  });
}
