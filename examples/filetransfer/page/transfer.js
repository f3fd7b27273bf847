// The two sides of the protocol; ../doc.go has a picture of it. An error with final set ends the transfer, after any other
// one it can go on over another connection.

const piece = 16384;

function final(text) {
  return Object.assign(new Error(text), { final: true });
}

async function note(connection) {
  const message = await connection.next();
  if (typeof message !== 'string') throw final('The other side sent data out of turn.');
  const n = JSON.parse(message);
  if (n.error) throw final(`The other side gave up: ${n.error}`);
  return n;
}

async function checksum(blob) {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), b => b.toString(16).padStart(2, '0')).join('');
}

// identify returns the same for the same file at another time.
async function identify(file) {
  return (await checksum(new Blob([`${file.name}\n${file.size}\n${file.lastModified}`]))).slice(0, 32);
}

// send sends a file; progress is called with bytes.
export async function send(connection, file, progress) {
  await connection.send(JSON.stringify({ id: await identify(file), name: file.name, size: file.size }));
  const { offset } = await note(connection);
  if (!(offset >= 0 && offset <= file.size)) throw final('The receiver does not say where to begin.');
  const sum = checksum(file);
  for (let at = offset; at < file.size;) {
    const block = await file.slice(at, at + 64 * piece).arrayBuffer();
    for (let i = 0; i < block.byteLength; i += piece) {
      await connection.send(block.slice(i, i + piece));
      progress(Math.max(offset, at + i - connection.channel.bufferedAmount));
    }
    at += block.byteLength;
  }
  await connection.send(JSON.stringify({ sha256: await sum }));
  if (!(await note(connection)).ok) throw final('The receiver does not confirm.');
  progress(file.size);
}

// receive receives a file. kept is what earlier connections brought, and is added to.
export async function receive(connection, kept, started, progress) {
  const about = await note(connection);
  if (typeof about.id !== 'string' || typeof about.name !== 'string' || !(about.size >= 0)) throw final('The sender does not say what it sends.');
  if (kept.id !== about.id) Object.assign(kept, { id: about.id, parts: [], have: 0 });
  started(about);
  await connection.send(JSON.stringify({ offset: kept.have }));
  for (;;) {
    const message = await connection.next();
    if (typeof message !== 'string') {
      kept.parts.push(message);
      kept.have += message.byteLength;
      progress(kept.have);
      continue;
    }
    const { sha256 } = JSON.parse(message);
    const file = new Blob(kept.parts);
    const problem = kept.have !== about.size ? `${kept.have} of ${about.size} bytes have come` :
      await checksum(file) !== sha256 ? 'the checksum is wrong' : '';
    await connection.send(JSON.stringify(problem ? { error: problem } : { ok: true }));
    if (problem) throw final(`Transfer failed: ${problem}.`);
    return { name: about.name, file };
  }
}
