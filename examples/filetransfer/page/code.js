// Codes are descriptions as a line of text: "offer." or "answer.", then the SDP, compressed, in base64 for URLs.

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

export async function encode(description) {
  const bytes = await through(new CompressionStream('deflate-raw'), new TextEncoder().encode(description.sdp));
  const text = btoa(String.fromCharCode(...bytes));
  return description.type + '.' + text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export async function decode(type, code) {
  const [got, text] = code.trim().split('.');
  if (got !== type || !text) throw new Error(`This is not the ${type} of the other side.`);
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
    return { type, sdp: new TextDecoder().decode(await through(new DecompressionStream('deflate-raw'), bytes)) };
  } catch {
    throw new Error('Part of the code is missing or changed.');
  }
}
