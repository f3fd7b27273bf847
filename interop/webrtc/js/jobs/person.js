// The job that uses the page for a person.

import { until } from './connect.js';

// page opens the server's own page in a frame and uses it like a person: connect, look, chat, disconnect; and then once
// more with a fingerprint that is wrong.
export async function page(job) {
  const frame = document.createElement('iframe');
  frame.width = 1000;
  frame.height = 700;
  frame.allow = 'autoplay; camera; microphone';
  frame.src = '/peer/';
  job.clean.push(async () => frame.remove());
  await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
  const $ = (id) => frame.contentDocument.getElementById(id);
  const says = (id, wanted) => until(`#${id} to say ${wanted}`, (awaits) => {
    awaits(`#${id} to say ${wanted}, now "${$(id).textContent}"; the verdict is "${$('verdict').textContent}"`);
    return wanted.test($(id).textContent);
  });
  await says('about', /rtctransport/); // the module runs
  $('setup').value = job.setup;
  $('connect').click();
  await says('verdict', /^Connected/);
  await says('returnedFacts', /\d+×\d+, [2-9]\d frames/);
  await says('serverRole', job.setup === 'active' ? /client/ : /server/);
  await says('layerDTLS', /TLS_ECDHE/);
  await says('layerSRTP', /SRTP_/);
  await says('setupTotal', /ms/);
  await says('rate', /packets/);
  $('text').value = 'hello & <b>goodbye</b>';
  $('form').requestSubmit();
  await says('log', /hello & <b>goodbye<\/b>.*hello & <b>goodbye<\/b>/s);
  $('connect').click();
  await says('verdict', /^You closed/);
  $('forge').checked = true;
  $('connect').click();
  await says('verdict', /refused.*does not match/s);
  await says('connect', /^Connect$/);
}
