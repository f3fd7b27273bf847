import { Connection } from './connection.js';
import { send, receive } from './transfer.js';

const $ = id => document.getElementById(id);
const show = (...ids) => ['mine', 'theirs', 'transfer'].forEach(id => { $(id).hidden = !ids.includes(id); });

function say(text, bad = false) {
  $('status').textContent = text;
  $('status').className = bad ? 'bad' : '';
}

function bytes(n) {
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (n < 1000 || unit === 'GB') return `${unit === 'B' ? n : n.toFixed(1)} ${unit}`;
    n /= 1000;
  }
}

// code waits for what the user pastes.
function code(label) {
  $('answer-label').textContent = label;
  $('answer').value = '';
  return new Promise(resolve => { $('use').onclick = () => resolve($('answer').value); });
}

// meter returns a function that shows how far the transfer is.
function meter(name, size) {
  $('about').textContent = `${name}, ${bytes(size)}`;
  const began = performance.now();
  let first = null, shown = 0;
  return have => {
    const now = performance.now();
    first ??= have;
    if (now - shown < 200 && have < size) return;
    shown = now;
    const rate = (have - first) / (now - began) * 1000;
    $('bar').value = size ? have / size : 1;
    $('rate').textContent = `${bytes(have)} of ${bytes(size)}` +
      (rate > 0 ? ` · ${bytes(rate)}/s · ${Math.ceil((size - have) / rate)} s left` : '');
  };
}

// again runs over connections until one of them sees the end.
async function again(over) {
  $('choose').hidden = true;
  for (;;) {
    const connection = new Connection();
    try {
      await over(connection);
      return;
    } catch (e) {
      if (e.final) {
        say(e.message, true);
        return;
      }
      say(`${e.message} The transfer can go on where it was.`, true);
    } finally {
      setTimeout(() => connection.close(), 1000); // the last message may be on its way
    }
  }
}

$('file').onchange = () => { $('send').disabled = !$('file').files.length; };

$('send').onclick = () => again(async connection => {
  const file = $('file').files[0];
  $('code').value = await connection.offer();
  show('mine', 'theirs');
  await connection.accept(await code('2. Paste the receiver\u2019s code'));
  show('transfer');
  say('');
  await send(connection, file, meter(file.name, file.size));
  say(`${file.name} has arrived, and its checksum is right.`);
});

const kept = {};
$('receive').onclick = () => again(async connection => {
  show('theirs');
  $('code').value = await connection.answer(await code('1. Paste the sender\u2019s code'));
  $('mine').querySelector('label').textContent = '2. Give this code to the sender';
  show('mine');
  await connection.opened;
  let progress;
  const { name, file } = await receive(connection, kept, about => {
    show('transfer');
    say('');
    progress = meter(about.name, about.size);
  }, have => progress(have));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = link.textContent = name;
  $('transfer').append(link);
  link.click();
  say(`Received ${name}; its checksum is right.`);
});

$('copy').onclick = async () => {
  $('code').select();
  await navigator.clipboard?.writeText($('code').value).catch(() => document.execCommand('copy'));
};
